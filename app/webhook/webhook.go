// Package webhook signs and verifies messages by Standard Webhooks 1.0, and knows when
// to try one again. It is pure: no network, no clock of its own.
//
// A message has an id, which is the same over all its attempts, and each attempt a
// timestamp. Signed is "{id}.{timestamp}.{body}" with HMAC-SHA256, given as "v1," and the
// base64 of it; while keys are rotated there are several, separated by spaces.
// Source: the specification 1.0.0 at github.com/standard-webhooks/standard-webhooks.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
)

// The headers of a message.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Tolerance is how far a timestamp may lie from the receiver's clock, either way.
const Tolerance = 5 * time.Minute

const (
	version = "v1,"
	idMax   = 200 // bytes of an id
)

// Sign sets the three headers of an attempt made at the instant. With several secrets
// there is a signature of each, so that a receiver that knows either takes the message.
// The id must have no dot in it, since the signed text is divided by dots.
func Sign(h http.Header, id string, at time.Time, body []byte, secrets ...Secret) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var all []string
	for _, s := range secrets {
		if len(s.key) > 0 {
			all = append(all, version+base64.StdEncoding.EncodeToString(s.sum(id, stamp, body)))
		}
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, stamp)
	h.Set(HeaderSignature, strings.Join(all, " "))
}

// Verify gives the id of a message that one of the secrets has signed within Tolerance
// of now. Its errors are Unknown no_signature where a header is missing or can't be read,
// and Denied: old_message or early_message, bad_signature. Every secret is tried against
// every signature, each in constant time.
func Verify(h http.Header, body []byte, now time.Time, secrets ...Secret) (id string, err error) {
	id, stamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" || len(id) > idMax || h.Get(HeaderSignature) == "" {
		return "", fault.New(fault.Unknown, "no_signature", "A message needs the headers %s, %s and %s.", HeaderID, HeaderTimestamp, HeaderSignature)
	}
	at := time.Unix(unix, 0)
	switch {
	case at.Before(now.Add(-Tolerance)):
		return "", fault.New(fault.Denied, "old_message", "The message's timestamp is more than %d minutes old.", int(Tolerance.Minutes()))
	case at.After(now.Add(Tolerance)):
		return "", fault.New(fault.Denied, "early_message", "The message's timestamp lies more than %d minutes ahead; is the sender's clock right?", int(Tolerance.Minutes()))
	}
	right := false
	for _, text := range strings.Fields(h.Get(HeaderSignature)) {
		code, known := strings.CutPrefix(text, version)
		given, err := base64.StdEncoding.DecodeString(code)
		if !known || err != nil {
			continue // of another version, as v1a, which this receiver has no key for
		}
		for _, s := range secrets {
			right = s.matches(given, id, stamp, body) || right
		}
	}
	if !right {
		return "", fault.New(fault.Denied, "bad_signature", "The message's signature is not right.")
	}
	return id, nil
}

func (s Secret) sum(id, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

func (s Secret) matches(given []byte, id, stamp string, body []byte) bool {
	return len(s.key) > 0 && hmac.Equal(given, s.sum(id, stamp, body))
}

// Body makes a message's body: its type, as "frame.ready", the instant that what it
// tells happened, and the data.
func Body(kind string, at time.Time, data any) ([]byte, error) {
	return json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{kind, at.UTC(), data})
}
