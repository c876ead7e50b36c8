package webhook

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// SignForm gives the signature that CrowdFlower's webhooks carried in the form field
// "signature": the SHA-1, in hex, of the field "payload" and the account's key after it.
// It has neither an id nor a timestamp, so whoever takes it must not mind a replay.
func SignForm(payload, key string) string {
	sum := sha1.Sum([]byte(payload + key))
	return hex.EncodeToString(sum[:])
}

// VerifyForm reports in constant time whether the signature is that of SignForm.
func VerifyForm(payload, signature, key string) bool {
	given := strings.ToLower(strings.TrimSpace(signature))
	return key != "" && subtle.ConstantTimeCompare([]byte(given), []byte(SignForm(payload, key))) == 1
}
