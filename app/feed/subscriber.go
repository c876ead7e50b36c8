package feed

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/store"
)

// NewSubscriber is what a subscriber's page says; State "" means active.
type NewSubscriber struct {
	Name    string          `json:"name"`
	Contact string          `json:"contact"`
	State   SubscriberState `json:"state"`
}

// check brings what was entered into order, or says what is wrong with it.
func (n *NewSubscriber) check() error {
	var err error
	if n.Name, err = line("name", n.Name, 1, 120); err != nil {
		return err
	}
	if n.Contact, err = line("contact", n.Contact, 0, 300); err != nil {
		return err
	}
	switch n.State {
	case "":
		n.State = Active
	case Active, Paused, Ended:
	default:
		return fault.New(fault.Invalid, "bad_state", "A subscriber is active, paused or ended, not %q.", n.State)
	}
	return nil
}

// line cuts a text of one line and checks its length in characters.
func line(what, text string, least, most int) (string, error) {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	switch {
	case n < least:
		return "", fault.New(fault.Invalid, "no_"+what, "Please give a %s.", what)
	case n > most:
		return "", fault.New(fault.Invalid, "bad_"+what, "The %s has at most %d characters.", what, most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", fault.New(fault.Invalid, "bad_"+what, "The %s has a character that isn't text.", what)
	}
	return text, nil
}

// AddSubscriber adds a subscriber that has nowhere for its pictures to go yet. Its errors
// are Subscribe's.
func (b *Book) AddSubscriber(ctx context.Context, by string, n NewSubscriber) (s Subscriber, err error) {
	return b.Subscribe(ctx, by, n, deliver.NewDestination{})
}

// Subscribe adds a subscriber with its destination, or without one for the zero value. Its
// errors: Invalid no_name, bad_name, bad_contact or bad_state, and those of
// deliver.SetDestination and send.CheckURL; Conflict name_taken.
func (b *Book) Subscribe(ctx context.Context, by string, n NewSubscriber, d deliver.NewDestination) (s Subscriber, err error) {
	if err := n.check(); err != nil {
		return s, err
	}
	if err := b.allowed(ctx, d); err != nil {
		return s, err
	}
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		s = Subscriber{ID: store.NewID(), Name: n.Name, Contact: n.Contact, State: n.State, Created: tx.Now, Changed: tx.Now}
		if err := free(tx, n.Name, s.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO feed_subscriber (id, name, contact, state, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $5)`,
			s.ID, s.Name, s.Contact, s.State, store.Millis(tx.Now)); err != nil {
			return err
		}
		if s.State != Active {
			if err := deliver.Pause(tx, s.ID, true); err != nil {
				return err
			}
		}
		if err := note(tx, change{kind: "subscriber", subject: s.ID, subscriber: s.ID, action: "added", by: by, now: n}); err != nil {
			return err
		}
		return b.direct(tx, by, s.ID, d)
	})
	return s, err
}

// free refuses a name that another subscriber has.
func free(tx *store.Tx, name, id string) error {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM feed_subscriber WHERE LOWER(name) = LOWER($1) AND id <> $2`, name, id).Scan(&n)
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, "name_taken", "There is a subscriber of that name already.")
	}
	return err
}

// ChangeSubscriber sets what is known of a subscriber, and leaves its destination. Its
// errors are AddSubscriber's, and NotFound no_subscriber.
func (b *Book) ChangeSubscriber(ctx context.Context, by, id string, n NewSubscriber) (s Subscriber, err error) {
	return b.Revise(ctx, by, id, Revision{&n.Name, &n.Contact, &n.State, deliver.NewDestination{}})
}

// Revision is what somebody wants changed of a subscriber; what is nil stays.
type Revision struct {
	Name, Contact *string
	State         *SubscriberState
	Destination   deliver.NewDestination
}

// Revise changes a subscriber and its destination, both or neither. Its errors are
// Subscribe's, and NotFound no_subscriber.
func (b *Book) Revise(ctx context.Context, by, id string, r Revision) (s Subscriber, err error) {
	if err := b.allowed(ctx, r.Destination); err != nil {
		return s, err
	}
	err = b.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := GetSubscriber(tx, id)
		if err != nil {
			return err
		}
		before := NewSubscriber{was.Name, was.Contact, was.State}
		n := r.over(before)
		if err := n.check(); err != nil {
			return err
		}
		if before != n {
			if err := rewrite(tx, by, id, before, n); err != nil {
				return err
			}
		}
		if err := b.direct(tx, by, id, r.Destination); err != nil {
			return err
		}
		s, err = GetSubscriber(tx, id)
		return err
	})
	return s, err
}

// over lays the revision over what was.
func (r Revision) over(n NewSubscriber) NewSubscriber {
	if r.Name != nil {
		n.Name = *r.Name
	}
	if r.Contact != nil {
		n.Contact = *r.Contact
	}
	if r.State != nil {
		n.State = *r.State
	}
	return n
}

// rewrite writes down what is known of a subscriber now.
func rewrite(tx *store.Tx, by, id string, before, n NewSubscriber) error {
	if err := free(tx, n.Name, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE feed_subscriber SET name = $1, contact = $2, state = $3, changed_at = $4 WHERE id = $5`,
		n.Name, n.Contact, n.State, store.Millis(tx.Now), id); err != nil {
		return err
	}
	if before.State != n.State {
		if err := deliver.Pause(tx, id, n.State != Active); err != nil {
			return err
		}
	}
	return note(tx, change{kind: "subscriber", subject: id, subscriber: id, action: "changed", by: by, was: before, now: n})
}

const subscriberColumns = `id, name, contact, state, (SELECT COUNT(*) FROM feed_rule r WHERE r.subscriber = s.id), created_at, changed_at`

func scanSubscriber(row interface{ Scan(...any) error }, s *Subscriber) error {
	var created, changed int64
	err := row.Scan(&s.ID, &s.Name, &s.Contact, &s.State, &s.Rules, &created, &changed)
	s.Created, s.Changed = store.Time(created), store.Time(changed)
	return err
}

// GetSubscriber gives one subscriber; NotFound no_subscriber where there is none.
func GetSubscriber(tx *store.Tx, id string) (s Subscriber, err error) {
	err = scanSubscriber(tx.QueryRow(`SELECT `+subscriberColumns+` FROM feed_subscriber s WHERE id = $1`, id), &s)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "no_subscriber", "There is no such subscriber.")
	}
	return s, err
}

// Subscribers gives all of them by name, those that have ended last.
func Subscribers(tx *store.Tx) ([]Subscriber, error) {
	return store.Each(tx, func(r *sql.Rows, s *Subscriber) error { return scanSubscriber(r, s) },
		`SELECT `+subscriberColumns+` FROM feed_subscriber s ORDER BY CASE state WHEN 'ended' THEN 1 ELSE 0 END, LOWER(name), id`)
}
