package app

import (
	"fmt"
	"slices"
	"strings"

	"oneframe/app/deliver"
	"oneframe/app/feed"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// feedVerbs are the words of subscribers and their queues.
func feedVerbs() []verb {
	return []verb{
		says(`(\w+) subscribes to (.+)`, (*stage).subscribe),
		says(`(\w+) subscribes no more`, func(s *stage, w []string) string { return s.endSubscriber(w[0]) }),
		says(`the feed is matched`, func(s *stage, _ []string) string { s.until(s.App.Feed.Step); return "" }),
		says(`the feed dies as it (queues|counts|marks|recalls|cancels)`, (*stage).feedDies),
		says(`a new process matches the feed`, (*stage).feedRestarts),
		says(`everything queued is sent`, (*stage).sendAll),
		says(`(\w+)'s queue has nothing`, func(s *stage, w []string) string { return s.queueOf(w[0]) }),
		says(`(\w+)'s queue is (.+)`, func(s *stage, w []string) string {
			if got := s.queueOf(w[0]); got != w[1] {
				return "it is " + got
			}
			return ""
		}),
		says(`(\d+) recalls? (?:is|are) under way for (\w+)'s (\S+\.jpg)`, (*stage).recallsAre),
		says(`(\w+) withdraws (\w+)'s (\S+\.jpg)`, (*stage).withdrawPhoto),
	}
}

// subscribe adds a rule to the subscriber of the name, who is made where there is none.
func (s *stage) subscribe(w []string) string {
	s.Helper()
	id := s.subscriberOf(w[0])
	if id == "" {
		x, err := s.App.Book.AddSubscriber(s.Context(), "account:a", feed.NewSubscriber{Name: w[0]})
		if err != nil {
			s.Fatal(err)
		}
		id = x.ID
	}
	if _, err := s.App.Book.AddRule(s.Context(), "account:a", id, feed.Draft{Text: w[1], Active: true}); err != nil {
		return err.Error()
	}
	return ""
}

func (s *stage) endSubscriber(name string) string {
	s.Helper()
	if _, err := s.App.Book.ChangeSubscriber(s.Context(), "account:a", s.subscriberOf(name), feed.NewSubscriber{Name: name, State: feed.Ended}); err != nil {
		s.Fatal(err)
	}
	return ""
}

// subscriberOf gives the id of the subscriber of the name, "" where there is none.
func (s *stage) subscriberOf(name string) (id string) {
	s.Helper()
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) error {
		all, err := feed.Subscribers(tx)
		for _, x := range all {
			if x.Name == name {
				id = x.ID
			}
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return id
}

// queueOf words a subscriber's deliveries in the order in which they were made, as
// "a.jpg waiting, b.jpg sent by 2 rules".
func (s *stage) queueOf(name string) string {
	s.Helper()
	var all []string
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) error {
		page, _, err := deliver.List(tx, deliver.Query{Subscriber: s.subscriberOf(name), Limit: 500})
		for _, d := range page {
			p, err := picture.Get(tx, d.Picture)
			if err != nil {
				return err
			}
			words := p.FileName + " " + string(d.State)
			if d.Kind == deliver.Update {
				words += " as an update"
			}
			if len(d.Rules) > 1 {
				words += fmt.Sprintf(" by %d rules", len(d.Rules))
			}
			all = append(all, words)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	slices.Reverse(all)
	return strings.Join(all, ", ")
}

// feedDies has the database refuse the step's statement, so that its whole transaction
// is lost, as it is when the process is killed there.
func (s *stage) feedDies(w []string) string {
	s.Helper()
	at := map[string]string{"queues": "INSERT ON deliver_delivery", "counts": "INSERT ON feed_match", "marks": "UPDATE ON picture_cursor",
		"recalls": "INSERT ON deliver_recall", "cancels": "UPDATE ON deliver_delivery"}[w[0]]
	s.alter(`CREATE TRIGGER dies BEFORE ` + at + ` BEGIN SELECT RAISE(ABORT, 'the process dies here'); END`)
	_, err := s.App.Feed.Step(s.Context())
	s.alter(`DROP TRIGGER dies`)
	if err == nil {
		return "it does not get there"
	}
	return ""
}

func (s *stage) alter(statement string) {
	s.Helper()
	if err := s.App.DB.Write(s.Context(), func(tx *store.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) feedRestarts([]string) string {
	s.Helper()
	s.App.Feed = &feed.Engine{DB: s.App.DB, People: s.App.People}
	s.until(s.App.Feed.Step)
	return ""
}

// sendAll settles every waiting delivery as a sender would.
func (s *stage) sendAll([]string) string {
	s.Helper()
	s.alter(`UPDATE deliver_delivery SET state = 'sent', sent_at = queued_at + 1 WHERE state = 'waiting'`)
	return ""
}

func (s *stage) recallsAre(w []string) string {
	s.Helper()
	n := 0
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) error {
		all, err := deliver.Recalls(tx, s.photoOf(w[1], w[2]).ID)
		for _, r := range all {
			if r.State == "waiting" {
				n++
			}
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	if fmt.Sprint(n) != w[0] {
		return fmt.Sprintf("it is %d", n)
	}
	return ""
}

func (s *stage) withdrawPhoto(w []string) string {
	s.Helper()
	id := s.photoOf(w[1], w[2]).ID
	if err := s.App.DB.Write(s.Context(), func(tx *store.Tx) error { return picture.Withdraw(tx, id, "account:"+w[0]) }); err != nil {
		s.Fatal(err)
	}
	return ""
}
