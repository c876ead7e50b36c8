package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"oneframe/app/outbound"
	"oneframe/app/webhook"
)

// The styles of HTTP.
const (
	Multipart = "multipart" // the message, a sidecar where there is one, and the picture
	Link      = "link"      // the message, with an address to fetch the picture at
)

// The types of the messages.
const (
	delivered = "picture.delivered"
	recalled  = "picture.recalled"
)

// overHTTP posts signed messages (Standard Webhooks 1.0) to a subscriber's own receiver.
// In a multipart body the signature is that of the first part, the message, which holds
// the picture's size and SHA-256: so the picture is streamed, and a receiver checks the
// message before it reads a byte of it.
type overHTTP struct {
	client  *http.Client
	to      *url.URL
	style   string
	secrets []webhook.Secret
	still   time.Duration
}

// openHTTP connects with the first message.
func openHTTP(t Target, n Network) (*overHTTP, error) {
	if t.URL.Scheme == "http" && !n.Private {
		return nil, &Error{Kind: Hopeless, Message: "The address must begin with https://."}
	}
	s := &overHTTP{to: t.URL, style: t.Style, still: quiet}
	for _, text := range strings.Fields(t.Secret) { // two, while they are renewed
		secret, err := webhook.ParseSecret(text)
		if err != nil {
			return nil, &Error{Kind: Hopeless, Message: "The signing secret can't be read; it is like whsec_ and base64 after it.", Cause: err}
		}
		s.secrets = append(s.secrets, secret)
	}
	if len(s.secrets) == 0 {
		return nil, &Error{Kind: Hopeless, Message: "There is no secret to sign messages with."}
	}
	wire := outbound.Transport(n.Private, 1)
	wire.IdleConnTimeout = 90 * time.Second
	wire.WriteBufferSize = 64 << 10 // fewer system calls a picture
	s.client = &http.Client{Transport: wire, CheckRedirect: outbound.Stay}
	return s, nil
}

func (s *overHTTP) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// announced is the data of picture.delivered.
type announced struct {
	Delivery    string          `json:"delivery"`
	Picture     string          `json:"picture"`
	Version     int             `json:"version"`
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	ContentType string          `json:"content_type"`
	Size        int64           `json:"size"`
	SHA256      string          `json:"sha256"`
	URL         string          `json:"url,omitempty"`
	Until       time.Time       `json:"until,omitzero"`
	Sidecar     *beside         `json:"sidecar,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
}

// beside tells of a sidecar; the style link has no part for it, and brings it in Data.
type beside struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int    `json:"size"`
	SHA256      string `json:"sha256"`
	Data        []byte `json:"data,omitempty"` // base64
}

// takenBack is the data of picture.recalled.
type takenBack struct {
	Delivery string `json:"delivery"`
	Picture  string `json:"picture"`
	Reason   string `json:"reason"`
	Remote   string `json:"remote,omitempty"`
	Delete   bool   `json:"delete"` // as agreed with the subscriber
}

// Send posts the message and, in the style multipart, the picture after it.
func (s *overHTTP) Send(ctx context.Context, p Parcel) (Receipt, error) {
	msg, err := s.announce(p)
	if err != nil {
		return Receipt{}, err
	}
	ctx, pulse, stop := watch(ctx, s.still)
	defer stop()
	var receipt Receipt
	err = again(ctx, func(ctx context.Context) error {
		req, sent, err := s.request(ctx, messageID(p), msg)
		if err == nil && s.style != Link {
			sent, err = attach(req, p, msg, pulse)
		}
		if err == nil {
			receipt, err = s.do(ctx, req, sent)
		}
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	receipt.Bytes = int64(len(msg))
	if receipt.Remote == "" {
		receipt.Remote = p.Name
	}
	if s.style != Link {
		receipt.Bytes = p.Size + p.Sidecar.size()
	}
	return receipt, nil
}

// Recall tells the receiver, and whether it is meant to delete what it has.
func (s *overHTTP) Recall(ctx context.Context, r Recall) (Receipt, error) {
	msg, err := webhook.Body(recalled, time.Now(), takenBack{Delivery: r.Delivery, Picture: r.Picture, Reason: r.Reason, Remote: r.Remote, Delete: r.Delete})
	if err != nil {
		return Receipt{}, &Error{Kind: Ours, Message: "The message can't be written.", Cause: err}
	}
	ctx, _, stop := watch(ctx, s.still)
	defer stop()
	var receipt Receipt
	err = again(ctx, func(ctx context.Context) error {
		req, sent, err := s.request(ctx, r.ID, msg)
		if err == nil {
			receipt, err = s.do(ctx, req, sent)
		}
		return err
	})
	receipt.Remote = ""
	return receipt, err
}

// messageID is the same on every try. Another version of the picture, or the picture
// given again, is another message under the same delivery.
func messageID(p Parcel) string { return fmt.Sprintf("%s-%d-%s", p.Delivery, p.Version, p.Kind) }

// announce writes the message of a delivery.
func (s *overHTTP) announce(p Parcel) ([]byte, error) {
	a := announced{Delivery: p.Delivery, Picture: p.Picture, Version: p.Version, Kind: p.Kind, Name: p.Name,
		ContentType: p.ContentType, Size: p.Size, SHA256: p.SHA256, Metadata: p.Metadata}
	if f := p.Sidecar; f != nil {
		sum := sha256.Sum256(f.Data)
		a.Sidecar = &beside{Name: f.Name, ContentType: f.ContentType, Size: len(f.Data), SHA256: hex.EncodeToString(sum[:])}
	}
	if s.style == Link {
		if p.Link == nil {
			return nil, &Error{Kind: Ours, Message: "This site makes no links; web.url is not set."}
		}
		a.URL, a.Until = p.Link()
		if a.Sidecar != nil {
			a.Sidecar.Data = p.Sidecar.Data
		}
	}
	msg, err := webhook.Body(delivered, time.Now(), a)
	if err != nil {
		return nil, &Error{Kind: Ours, Message: "The message can't be written.", Cause: err}
	}
	return msg, nil
}

// request makes one that holds the message alone, signed.
func (s *overHTTP) request(ctx context.Context, id string, msg []byte) (*http.Request, *content, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.String(), bytes.NewReader(msg))
	if err != nil {
		return nil, nil, &Error{Kind: Hopeless, Message: "The address can't be read."}
	}
	req.Header.Set("User-Agent", "oneframe")
	req.Header.Set("Content-Type", "application/json")
	webhook.Sign(req.Header, id, time.Now(), msg, s.secrets...)
	return req, nil, nil
}

// do makes the request and reads the answer.
func (s *overHTTP) do(ctx context.Context, req *http.Request, sent *content) (Receipt, error) {
	res, err := s.client.Do(req)
	if own := sent.failed(); own != nil {
		if err == nil {
			res.Body.Close()
		}
		err = own
	} else if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return Receipt{}, unreachable(err, s.to.Host)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4*answerMost))
	if err == nil {
		_, err = io.CopyN(io.Discard, res.Body, 64<<10) // what is longer costs the connection
	}
	answer := tidy(res.Status + " " + string(said))
	if fails := refusal(res, answer); fails != nil {
		return Receipt{}, fails
	}
	if err != nil && err != io.EOF {
		return Receipt{}, unreachable(err, s.to.Host)
	}
	r := Receipt{Answer: answer}
	if at, err := s.to.Parse(res.Header.Get("Location")); err == nil && res.Header.Get("Location") != "" {
		r.Remote = tidy(at.String())
	}
	return r, nil
}

// refusal gives what the status of an answer means; nil for 2xx.
func refusal(res *http.Response, answer string) *Error {
	e := &Error{Answer: answer, RetryAfter: webhook.RetryAfter(res.Header, time.Now())}
	said := fmt.Sprintf("The receiver answered %d: ", res.StatusCode)
	switch c := res.StatusCode; {
	case c >= 200 && c < 300:
		return nil
	case c >= 300 && c < 400:
		e.Kind, e.Message = Hopeless, said+"it redirects to "+elsewhere(res)+", which is not followed."
	case c == http.StatusUnauthorized, c == http.StatusForbidden:
		e.Kind, e.Message = Hopeless, said+"it does not accept the signature, or us."
	case c == http.StatusGone:
		e.Kind, e.Message = Hopeless, said+"it wants nothing any more."
	case c == http.StatusRequestEntityTooLarge:
		e.Kind, e.Message = Hopeless, said+"the picture is too large for it."
	case c == http.StatusTooManyRequests, c == http.StatusServiceUnavailable, c == http.StatusTooEarly:
		e.Kind, e.Message = Busy, said+"it asks to slow down."
	case c == http.StatusRequestTimeout, c == http.StatusBadGateway, c == http.StatusGatewayTimeout:
		e.Kind, e.Message = Down, said+"it can't be reached, or took too long."
	case c >= 500:
		e.Kind, e.Message = Busy, said+"something went wrong over there."
	default:
		e.Kind, e.Message = Refused, said+"it does not want this."
	}
	return e
}

// elsewhere names where an answer redirects to, without what may be a key.
func elsewhere(res *http.Response) string {
	at, err := res.Location()
	if err != nil {
		return "nowhere"
	}
	return tidy((&url.URL{Scheme: at.Scheme, Host: at.Host, Path: path.Clean("/" + at.Path)}).String())
}
