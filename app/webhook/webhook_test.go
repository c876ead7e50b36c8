package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/webhook"
)

// The vector of the specification's own libraries.
const (
	vectorSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody   = `{"test": 2432232314}`
	vectorSigned = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorAt = time.Unix(1614265330, 0)

func secret(t *testing.T, text string) webhook.Secret {
	t.Helper()
	s, err := webhook.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func header(id, stamp, signature string) http.Header {
	h := http.Header{}
	h.Set(webhook.HeaderID, id)
	h.Set(webhook.HeaderTimestamp, stamp)
	h.Set(webhook.HeaderSignature, signature)
	return h
}

func TestSpecificationVector(t *testing.T) {
	t.Parallel()
	s, h := secret(t, vectorSecret), http.Header{}
	webhook.Sign(h, vectorID, vectorAt, []byte(vectorBody), s)
	if got := h.Get(webhook.HeaderSignature); got != vectorSigned {
		t.Errorf("signed %s, the specification says %s", got, vectorSigned)
	}
	if got := h.Get(webhook.HeaderTimestamp); got != "1614265330" {
		t.Errorf("timestamp %s", got)
	}
	id, err := webhook.Verify(h, []byte(vectorBody), vectorAt, s)
	if err != nil || id != vectorID {
		t.Errorf("its own signature: id %q, %v", id, err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	right, other := secret(t, vectorSecret), webhook.NewSecret()
	const stamp = "1614265330"
	cases := []struct {
		name    string
		h       http.Header
		body    string
		now     time.Time
		secrets []webhook.Secret
		code    string // of the fault; "" where it is good
	}{
		{"as sent", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, ""},
		{"without the prefix, among other versions", header(vectorID, stamp, "v1a,AAAA v2,xx nonsense "+vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, ""},
		{"the older of two secrets", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{other, right}, ""},
		{"four minutes and 59 seconds late", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt.Add(299 * time.Second), []webhook.Secret{right}, ""},
		{"five minutes and a second late", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt.Add(301 * time.Second), []webhook.Secret{right}, "old_message"},
		{"five minutes and a second early", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt.Add(-301 * time.Second), []webhook.Secret{right}, "early_message"},
		{"another body", header(vectorID, stamp, vectorSigned), vectorBody + " ", vectorAt, []webhook.Secret{right}, "bad_signature"},
		{"another id", header("msg_other", stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "bad_signature"},
		{"another time", header(vectorID, "1614265331", vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "bad_signature"},
		{"another secret", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{other}, "bad_signature"},
		{"no secret at all", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt, nil, "bad_signature"},
		{"the zero secret", header(vectorID, stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{{}}, "bad_signature"},
		{"a cut signature", header(vectorID, stamp, vectorSigned[:20]), vectorBody, vectorAt, []webhook.Secret{right}, "bad_signature"},
		{"no id", header("", stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "no_signature"},
		{"a huge id", header(strings.Repeat("x", 201), stamp, vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "no_signature"},
		{"no time", header(vectorID, "", vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "no_signature"},
		{"a time that is none", header(vectorID, "1e9", vectorSigned), vectorBody, vectorAt, []webhook.Secret{right}, "no_signature"},
		{"no signature", header(vectorID, stamp, ""), vectorBody, vectorAt, []webhook.Secret{right}, "no_signature"},
	}
	for _, c := range cases {
		_, err := webhook.Verify(c.h, []byte(c.body), c.now, c.secrets...)
		if c.code == "" && err != nil || c.code != "" && !fault.Has(err, c.code) {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	old, young, h := webhook.NewSecret(), webhook.NewSecret(), http.Header{}
	webhook.Sign(h, "m1", vectorAt, []byte("x"), young, old)
	for name, s := range map[string]webhook.Secret{"the old": old, "the new": young} {
		if _, err := webhook.Verify(h, []byte("x"), vectorAt, s); err != nil {
			t.Errorf("a receiver with %s secret alone: %v", name, err)
		}
	}
}

func TestSecretHidesItself(t *testing.T) {
	t.Parallel()
	s := secret(t, vectorSecret)
	raw, err := json.Marshal(map[string]any{"secret": s})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%s %v %+v %#v %q", s, s, s, s, struct{ S webhook.Secret }{s}) + string(raw) + s.LogValue().String()
	if strings.Contains(shown, "MfKQ9r8") || strings.Contains(shown, "[49 242") {
		t.Errorf("the secret shows in %s", shown)
	}
	if s.Reveal() != vectorSecret {
		t.Errorf("revealed %s", s.Reveal())
	}
	if one, two := webhook.NewSecret(), webhook.NewSecret(); one.Reveal() == two.Reveal() {
		t.Error("two new secrets are the same")
	}
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", "whsec_!!!!", "whsec_" + strings.Repeat("A", 88)} {
		if _, err := webhook.ParseSecret(bad); !fault.Has(err, "bad_secret") {
			t.Errorf("%q as a secret: %v", bad, err)
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	total := time.Duration(0)
	for n := 1; n < webhook.Attempts; n++ {
		least, more := webhook.Delay(n, 0)
		most, _ := webhook.Delay(n, 1)
		if !more || least <= 0 || most != least+least/10 {
			t.Errorf("after %d: %s to %s, more %v", n, least, most, more)
		}
		total += least
	}
	if total != 75*time.Hour+35*time.Minute+5*time.Second {
		t.Errorf("all waits together are %s", total)
	}
	for _, n := range []int{-1, 0, webhook.Attempts, 1000} {
		if wait, more := webhook.Delay(n, 1); more || wait != 0 {
			t.Errorf("after %d failures: %s, %v", n, wait, more)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-3": 0, "99999999": 24 * time.Hour, "soon": 0,
		"Thu, 25 Feb 2021 15:03:10 GMT": time.Minute, "Thu, 25 Feb 2021 15:01:10 GMT": 0,
	} {
		if got := webhook.RetryAfter(http.Header{"Retry-After": {text}}, vectorAt); got != want {
			t.Errorf("Retry-After %q is %s, want %s", text, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	const payload, key, signed = `{"id":1}`, "abc", "9f9930536c1ecfc36da9cb18a4ddfd256aeac7d0"
	if got := webhook.SignForm(payload, key); got != signed {
		t.Errorf("signed %s", got)
	}
	for _, c := range []struct {
		payload, signature, key string
		want                    bool
	}{
		{payload, signed, key, true}, {payload, strings.ToUpper(signed), key, true}, {payload + " ", signed, key, false},
		{payload, signed[:39], key, false}, {payload, "", key, false}, {payload, webhook.SignForm(payload, ""), "", false},
	} {
		if got := webhook.VerifyForm(c.payload, c.signature, c.key); got != c.want {
			t.Errorf("payload %q, signature %q, key %q: %v", c.payload, c.signature, c.key, got)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	raw, err := webhook.Body("frame.ready", vectorAt, map[string]int{"slot": 3})
	if err != nil || string(raw) != `{"type":"frame.ready","timestamp":"2021-02-25T15:02:10Z","data":{"slot":3}}` {
		t.Errorf("%s, %v", raw, err)
	}
}
