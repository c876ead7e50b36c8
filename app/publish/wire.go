package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How long one request may take: a small one, and one with a chunk, whose reply a host
// may give only after it has looked through the whole file.
const (
	smallLimit = time.Minute
	chunkLimit = 15 * time.Minute
	bodyLimit  = 1 << 20
)

// newClient makes a client that follows no redirect: 308 means "go on" to uploads, and
// a token must not travel to another host.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext, TLSHandshakeTimeout: 15 * time.Second,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call is one request. body is made anew each time it is sent.
type call struct {
	method, url string
	header      map[string]string
	body        func() io.Reader
	length      int64
	limit       time.Duration // 0 means smallLimit
}

// reply is what came, its body cut off after bodyLimit.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// do sends the request. Its errors name no address, since that may hold a secret.
func (c call) do(ctx context.Context, client *http.Client) (reply, error) {
	limit := c.limit
	if limit == 0 {
		limit = smallLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var body io.Reader
	if c.body != nil && c.length > 0 {
		body = c.body()
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, body)
	if err != nil {
		return reply{}, bare(err)
	}
	req.ContentLength = c.length
	req.Header.Set("User-Agent", "oneframe")
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, bare(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, bodyLimit))
	return reply{res.StatusCode, res.Header, text}, bare(err)
}

// bare takes the address out of the client's error.
func bare(err error) error {
	if err == nil {
		return nil
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &Trouble{Severity: Passing, Message: "The host can't be reached.", Cause: err}
}

// withJSON gives the call a JSON body.
func (c call) withJSON(v any) (call, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return c, err
	}
	c.body, c.length = func() io.Reader { return bytes.NewReader(raw) }, int64(len(raw))
	header := map[string]string{"Content-Type": "application/json"}
	for k, v := range c.header {
		header[k] = v
	}
	c.header = header
	return c, nil
}

// into reads the reply's JSON.
func (r reply) into(v any) error {
	if err := json.Unmarshal(r.body, v); err != nil {
		return passing(0, "The host answered %d with something that isn't its API's.", r.status)
	}
	return nil
}

// problem is the reason in a reply, as PeerTube (RFC 9457, and its upload library) and
// Vimeo write it; json says whether the host itself wrote it and no proxy before it.
func (r reply) problem() (code, words string, isJSON bool) {
	var p struct {
		Code     json.RawMessage `json:"code"`
		Title    string          `json:"title"`
		Detail   string          `json:"detail"`
		Number   int             `json:"error_code"`
		Describe string          `json:"error_description"`
		Message  string          `json:"developer_message"`
		Error    json.RawMessage `json:"error"`
	}
	if json.Unmarshal(r.body, &p) != nil {
		return "", "", false
	}
	code = strings.Trim(string(p.Code), `"`)
	if p.Number != 0 {
		code = strconv.Itoa(p.Number)
	}
	var inner struct{ Code, Message string }
	var text string
	if json.Unmarshal(p.Error, &text) != nil && json.Unmarshal(p.Error, &inner) == nil {
		text = inner.Message
		if code == "" {
			code = inner.Code
		}
	}
	for _, w := range []string{p.Detail, p.Message, p.Describe, text, p.Title} {
		if words == "" {
			words = short(w)
		}
	}
	return code, words, true
}

// short makes one printable line of at most 200 characters of a stranger's text.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// says writes the reply as a sentence after what was being done.
func (r reply) says(doing string) string {
	code, words, _ := r.problem()
	if words == "" {
		words = http.StatusText(r.status)
	}
	if code != "" {
		words += " [" + short(code) + "]"
	}
	return strings.TrimSpace(fmt.Sprintf("%s: the host answered %d %s", doing, r.status, words))
}

// trouble is what a reply means wherever its call knows no better.
func (r reply) trouble(doing string, now time.Time) *Trouble {
	t := &Trouble{Severity: Barred, Message: r.says(doing), After: retryAfter(r.header.Get("Retry-After"), now)}
	switch {
	case r.status == http.StatusTooManyRequests:
		t.Severity = Busy
	case r.status == http.StatusUnauthorized:
		t.Severity = Locked
	case r.status >= 500, r.status == http.StatusRequestTimeout, r.status == http.StatusConflict, r.status == http.StatusLocked, r.status < 400:
		t.Severity = Passing
	}
	return t
}

// retryAfter reads the header (RFC 9110, section 10.2.3: seconds or a date); 0 where
// there is none, at most a day.
func retryAfter(s string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(most/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(at.Sub(now), 0), most)
	}
	return 0
}
