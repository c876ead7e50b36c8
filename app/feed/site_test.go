package feed

import (
	"context"
	"fmt"
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// site is a database with a book and an engine, and a clock that stands still.
type site struct {
	*testing.T
	db     *store.DB
	book   *Book
	engine *Engine
	now    time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	db, err := store.Open(context.Background(), t.TempDir()+"/x.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &site{T: t, db: db, book: &Book{DB: db}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	db.Now = func() time.Time { return s.now }
	s.restart()
	return s
}

// restart is a new process on the same database.
func (s *site) restart() { s.engine = &Engine{DB: s.db, People: people.NewRegister(s.db)} }

func (s *site) write(f func(*store.Tx) error) {
	s.Helper()
	if err := s.db.Write(s.Context(), f); err != nil {
		s.Fatal(err)
	}
}

func (s *site) subscriber(name string) string {
	s.Helper()
	x, err := s.book.AddSubscriber(s.Context(), "account:a", NewSubscriber{Name: name})
	if err != nil {
		s.Fatal(err)
	}
	return x.ID
}

func (s *site) rule(subscriber, text string) Rule {
	s.Helper()
	r, err := s.book.AddRule(s.Context(), "account:a", subscriber, Draft{Text: text, Active: true})
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// received registers a picture that is ready to be judged.
func (s *site) received(r metadata.Record) picture.ID {
	s.Helper()
	id := picture.ID(store.NewID())
	s.write(func(tx *store.Tx) error {
		if _, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "x", Slot: slot.ID{}, Original: vault.KeyOf([]byte(id)), Type: "image/jpeg", Width: 3000, Height: 2000, FileName: string(id) + ".jpg"}); err != nil {
			return err
		}
		if err := picture.Describe(tx, id, r); err != nil {
			return err
		}
		return picture.Ready(tx, id, picture.Renditions{Large: "l", Medium: "m", Thumb: "t", Width: 1280, Height: 853})
	})
	return id
}

func (s *site) settle(id picture.ID, state picture.State) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, id, picture.Verdict{State: state, By: "account:m"})
		return err
	})
}

func (s *site) accepted(keywords ...string) picture.ID {
	s.Helper()
	id := s.received(metadata.Record{Keywords: keywords, Urgency: 3})
	s.settle(id, picture.Accepted)
	return id
}

// step does rounds until there is nothing left.
func (s *site) step() {
	s.Helper()
	for range 100 {
		worked, err := s.engine.Step(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		if !worked {
			return
		}
	}
	s.Fatal("the engine never comes to rest")
}

// queue words a picture's deliveries as "subscriber state kind rules", and its recalls.
func (s *site) queue(id picture.ID) (all []string) {
	s.Helper()
	err := s.db.Read(s.Context(), func(tx *store.Tx) error {
		page, _, err := deliver.List(tx, deliver.Query{Picture: id})
		if err != nil {
			return err
		}
		for _, d := range page {
			x, err := GetSubscriber(tx, d.Subscriber)
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%s %s %s %d", x.Name, d.State, d.Kind, len(d.Rules)))
		}
		recalls, err := deliver.Recalls(tx, id)
		for _, r := range recalls {
			all = append(all, "recall "+r.State+" "+r.Reason)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// sent marks a picture's deliveries as sent, as a sender would.
func (s *site) sent(id picture.ID) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE deliver_delivery SET state = 'sent', sent_at = $1 WHERE picture = $2 AND state = 'waiting'`, store.Millis(tx.Now), id)
		return err
	})
}
