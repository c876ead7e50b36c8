package crowd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// answerMax is how much of a crowd's answer is read, in bytes.
const answerMax = 1 << 20

// httpPush posts jobs; the crowd posts judgments by itself, to us.
type httpPush struct {
	client  *http.Client
	url     string
	now     func() time.Time
	secrets []webhook.Secret // the newest first
}

// Post posts the message, signed for the instant of the attempt.
func (p httpPush) Post(ctx context.Context, m moderation.Message) error {
	_, err := p.do(ctx, http.MethodPost, p.url, m.ID, m.Body)
	return err
}

// Collect gives nothing.
func (p httpPush) Collect(_ context.Context, since string) (moderation.Collected, error) {
	return moderation.Collected{Next: since}, nil
}

// httpPoll posts jobs in the same way, and asks for the judgments.
type httpPoll struct {
	httpPush
	pollURL string
}

// Collect asks for one page of judgments, by GET pollURL?since=…; the request is signed
// as a message with an empty body. A judgment that is not complete is counted and left
// out: the page will be the same at the next try.
func (p httpPoll) Collect(ctx context.Context, since string) (got moderation.Collected, err error) {
	u, err := url.Parse(p.pollURL)
	if err != nil {
		return got, fault.Wrap(err, fault.Invalid, "bad_url", "The crowd's address can't be read.")
	}
	q := u.Query()
	q.Set("since", since)
	u.RawQuery = q.Encode()
	raw, err := p.do(ctx, http.MethodGet, u.String(), store.NewID(), nil)
	if err != nil {
		return got, err
	}
	var page struct {
		Judgments []json.RawMessage `json:"judgments"`
		Next      string            `json:"next"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return got, fault.Wrap(err, fault.Invalid, "bad_answer", "The crowd's answer isn't the JSON that was expected.")
	}
	if len(page.Next) > placeMax {
		return got, fault.New(fault.Invalid, "bad_answer", "The crowd's \"next\" is longer than %d characters.", placeMax)
	}
	got.Next = cmp.Or(page.Next, since)
	for _, given := range page.Judgments {
		var a answerJSON
		if json.Unmarshal(given, &a) != nil || !a.complete() {
			got.Unread++
			continue
		}
		got.Answers = append(got.Answers, a.answer())
	}
	return got, nil
}

// placeMax bounds the place in a crowd's judgments that we keep for it.
const placeMax = 500

// do makes one request; what isn't 2xx is an error, redirects too. Errors name neither
// the address, which may hold a key, nor what a stranger answered.
func (p httpPush) do(ctx context.Context, method, to, id string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_url", "The crowd's address can't be read.")
	}
	req.Header.Set("User-Agent", "oneframe")
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	webhook.Sign(req.Header, id, p.now(), body, p.secrets...)
	res, err := p.client.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, answerMax+1))
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300 && err != nil:
		return nil, unreachable(err)
	case res.StatusCode >= 200 && res.StatusCode < 300 && len(raw) > answerMax:
		return nil, fault.New(fault.TooLarge, "long_answer", "The crowd's answer is larger than %d kB.", answerMax>>10)
	}
	return raw, refusal(res, p.now())
}

// refusal words the status of an answer; nil for a good one.
func refusal(res *http.Response, now time.Time) error {
	after := webhook.RetryAfter(res.Header, now)
	switch status := res.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		return fault.New(fault.Gone, "crowd_gone", "The crowd answered 410: it wants no more jobs.")
	case status >= 300 && status < 400:
		return fault.New(fault.Invalid, "crowd_redirects", "The crowd answered with a redirect (%d), which is not followed.", status)
	case status == http.StatusTooManyRequests || status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout:
		e := fault.New(fault.Busy, "crowd_busy", "The crowd answered %d: it asks to slow down.", status)
		e.RetryAfter = max(after, time.Minute)
		return e
	default:
		e := fault.New(fault.Invalid, "crowd_refuses", "The crowd answered %d.", status)
		e.RetryAfter = after
		return e
	}
}

// unreachable words why no answer came.
func unreachable(err error) error {
	var own *fault.Error
	if errors.As(err, &own) {
		return own
	}
	var bare *url.Error
	if errors.As(err, &bare) {
		err = bare.Err // which doesn't name the address
	}
	why := "no connection"
	var wait net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		why = "its name leads nowhere"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		why = "no answer in time"
	}
	return fault.Wrap(err, fault.Invalid, "crowd_unreachable", "The crowd can't be reached: %s.", why)
}

// dial gives the crowd as one that can be talked to.
func (x *Exchange) dial(tx *store.Tx, id string) (moderation.Crowd, error) {
	c, err := row(tx, id)
	if err != nil {
		return nil, err
	}
	secrets, err := x.secrets(tx, id)
	if err != nil {
		return nil, err
	}
	push := httpPush{client: x.Client, url: c.URL, now: x.DB.Now, secrets: secrets}
	switch c.Kind {
	case Push:
		return push, nil
	case Poll:
		return httpPoll{push, c.PollURL}, nil
	}
	return nil, fmt.Errorf("crowd %s is of kind %q", id, c.Kind)
}

// secrets gives a crowd's secrets that are valid now, the newest first.
func (x *Exchange) secrets(tx *store.Tx, id string) ([]webhook.Secret, error) {
	var sealed [2]string
	var until int64
	if err := tx.QueryRow(`SELECT secret, old_secret, old_until FROM moderation_crowd WHERE id = $1`, id).Scan(&sealed[0], &sealed[1], &until); err != nil {
		return nil, err
	}
	if store.Millis(tx.Now) >= until {
		sealed[1] = ""
	}
	var all []webhook.Secret
	for _, text := range sealed {
		if text == "" {
			continue
		}
		plain, err := x.Box.Unseal(purpose(id), text)
		if err != nil {
			return nil, err
		}
		s, err := webhook.ParseSecret(plain)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
