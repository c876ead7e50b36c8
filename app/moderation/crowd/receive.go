package crowd

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

// frameJudged is the type of message that crowds send.
const frameJudged = "frame.judged"

// Receive takes a message that a crowd posted, with its headers and its body as it came.
// Who it is from its signature tells. A message whose id came before changes nothing.
// Its errors: as of webhook.Verify; Denied crowd_off; Invalid bad_message, bad_judgment.
func (x *Exchange) Receive(ctx context.Context, h http.Header, body []byte) error {
	crowd, id, err := x.sender(ctx, h, body)
	if err != nil {
		return err
	}
	before, err := x.heard(ctx, crowd, id)
	if err != nil || before {
		return err
	}
	var m struct {
		Type string `json:"type"`
		Data struct {
			Judgments []answerJSON `json:"judgments"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_message", "The message is not the JSON that was expected.")
	}
	if m.Type != frameJudged {
		return fault.New(fault.Invalid, "bad_message", "A message here is of the type %q.", frameJudged)
	}
	answers, err := read(m.Data.Judgments)
	if err != nil {
		return err
	}
	return x.once(ctx, crowd, id, answers)
}

// once takes the answers and remembers the message. A crash between the two lets the
// message be taken again, when every judgment in it counts as given already.
func (x *Exchange) once(ctx context.Context, crowd, id string, answers []moderation.Answer) error {
	if err := x.take(ctx, crowd, answers, 0); err != nil {
		return err
	}
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO moderation_crowd_heard (crowd, id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, crowd, id, store.Millis(tx.Now))
		return err
	})
}

func (x *Exchange) heard(ctx context.Context, crowd, id string) (before bool, err error) {
	err = x.DB.Read(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT COUNT(*) FROM moderation_crowd_heard WHERE crowd = $1 AND id = $2`, crowd, id).Scan(&n)
		before = n > 0
		return err
	})
	return before, err
}

// sender finds the crowd whose secret signed the message.
func (x *Exchange) sender(ctx context.Context, h http.Header, body []byte) (crowd, id string, err error) {
	err = x.DB.Read(ctx, func(tx *store.Tx) error {
		all, err := rows(tx)
		if err != nil {
			return err
		}
		wrong := error(fault.New(fault.Denied, "bad_signature", "The message's signature is not right."))
		for _, c := range all {
			secrets, err := x.secrets(tx, c.ID)
			if fault.Has(err, "lost_key") {
				continue // one whose secrets can't be read doesn't silence the others
			}
			if err != nil {
				return err
			}
			found, err := webhook.Verify(h, body, tx.Now, secrets...)
			if err != nil {
				wrong = err
				continue
			}
			crowd, id = c.ID, found
			return offIf(c)
		}
		return wrong
	})
	return crowd, id, err
}

func offIf(c Crowd) error {
	if c.State != "on" {
		return fault.New(fault.Denied, "crowd_off", "This crowd is switched off here.")
	}
	return nil
}

// ReceiveForm takes a CrowdFlower-shaped webhook: the form fields signal, payload and
// signature. Of the signals, unit_complete and new_judgments bring judgments; others are
// taken note of. It is harmless to give one again. Its errors: Unknown no_signature;
// Denied bad_signature or crowd_off; Invalid bad_message, bad_judgment.
func (x *Exchange) ReceiveForm(ctx context.Context, form url.Values) error {
	payload, signature := form.Get("payload"), form.Get("signature")
	if payload == "" || signature == "" {
		return fault.New(fault.Unknown, "no_signature", "A webhook of this kind has the fields signal, payload and signature.")
	}
	crowd, err := x.formSender(ctx, payload, signature)
	if err != nil {
		return err
	}
	answers, err := readUnits(form.Get("signal"), payload)
	if err != nil {
		return err
	}
	return x.take(ctx, crowd, answers, 0)
}

func (x *Exchange) formSender(ctx context.Context, payload, signature string) (crowd string, err error) {
	err = x.DB.Read(ctx, func(tx *store.Tx) error {
		all, err := rows(tx)
		if err != nil {
			return err
		}
		for _, c := range all {
			key, err := x.formKey(tx, c.ID)
			if fault.Has(err, "lost_key") {
				continue
			}
			if err != nil {
				return err
			}
			if webhook.VerifyForm(payload, signature, key) {
				crowd = c.ID
				return offIf(c)
			}
		}
		return fault.New(fault.Denied, "bad_signature", "The webhook's signature is not right.")
	})
	return crowd, err
}

func (x *Exchange) formKey(tx *store.Tx, id string) (string, error) {
	var sealed string
	err := tx.QueryRow(`SELECT form_key FROM moderation_crowd WHERE id = $1`, id).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return x.Box.Unseal(purpose(id), sealed)
}

// IsForm reports whether a body of the content type is a form.
func IsForm(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}
