package publish

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// token is what the instance knows us by; kept in memory only.
type token struct {
	access, refresh string
	expires         time.Time
}

// do sends the call with the account's token; where the instance no longer takes it,
// once more with a fresh one.
func (p *PeerTube) do(ctx context.Context, c call) (reply, error) {
	used := ""
	for {
		t, err := p.bearer(ctx, used)
		if err != nil {
			return reply{}, err
		}
		header := map[string]string{"Authorization": "Bearer " + t}
		for k, v := range c.header {
			header[k] = v
		}
		again := c
		again.header = header
		r, err := again.do(ctx, p.client)
		if err != nil || r.status != http.StatusUnauthorized || used != "" {
			return r, err
		}
		used = t
	}
}

// bearer gives a token that is not the bad one: the one at hand, else by refreshing it,
// else by logging in. The instance allows 15 of these in 5 minutes, so the token is kept.
func (p *PeerTube) bearer(ctx context.Context, bad string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token.access != "" && p.token.access != bad && p.account.Now().Before(p.token.expires) {
		return p.token.access, nil
	}
	client, err := p.oauth(ctx)
	if err != nil {
		return "", err
	}
	if p.token.refresh != "" {
		client.Set("grant_type", "refresh_token")
		client.Set("refresh_token", p.token.refresh)
		p.token = token{}
		r, err := p.ask(ctx, client)
		if err != nil {
			return "", err
		}
		if r.ok() {
			return p.keep(r)
		}
		if r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized {
			return "", r.trouble("Renewing the login", p.account.Now())
		}
		client.Del("refresh_token") // it has run out
	}
	client.Set("grant_type", "password")
	client.Set("username", p.account.User)
	client.Set("password", p.account.Password)
	r, err := p.ask(ctx, client)
	if err != nil {
		return "", err
	}
	if !r.ok() {
		return "", p.denied(r)
	}
	return p.keep(r)
}

// denied is a login that the instance refused: for good where it said so.
func (p *PeerTube) denied(r reply) *Trouble {
	t := r.trouble("Logging in", p.account.Now())
	if code, _, _ := r.problem(); code == "missing_two_factor" || r.header.Get("X-Peertube-Otp") != "" {
		t.Message = "The PeerTube account asks for a second factor, which a program can't give. Please use an account of its own without one."
	}
	if t.Severity == Barred {
		t.Severity = Locked
	}
	return t
}

// oauth reads the ids that clients of the instance log in with.
func (p *PeerTube) oauth(ctx context.Context) (url.Values, error) {
	r, err := call{method: "GET", url: p.account.URL + "/api/v1/oauth-clients/local"}.do(ctx, p.client)
	if err != nil {
		return nil, err
	}
	if !r.ok() {
		return nil, p.denied(r)
	}
	var c struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := r.into(&c); err != nil {
		return nil, err
	}
	return url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}, nil
}

func (p *PeerTube) ask(ctx context.Context, form url.Values) (reply, error) {
	text := form.Encode()
	return call{
		method: "POST", url: p.account.URL + "/api/v1/users/token", length: int64(len(text)),
		body:   func() io.Reader { return strings.NewReader(text) },
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}.do(ctx, p.client)
}

// keep remembers the token until a minute before it expires.
func (p *PeerTube) keep(r reply) (string, error) {
	var t struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
	}
	if err := r.into(&t); err != nil {
		return "", err
	}
	if t.Access == "" {
		return "", passing(0, "The instance logged us in without a token.")
	}
	p.token = token{t.Access, t.Refresh, p.account.Now().Add(time.Duration(t.Expires)*time.Second - time.Minute)}
	return t.Access, nil
}
