package moderation_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// site is a desk on its own fresh database, under a clock that the test moves.
type site struct {
	*testing.T
	moderation.Desk
	now    atomic.Int64 // unix ms
	frames []picture.ID // as they came; a test calls them by their place
}

const slots = 7

func newSite(t *testing.T, judgments int) *site {
	t.Helper()
	t.Parallel()
	db, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "oneframe.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, Desk: moderation.Desk{DB: db, Judgments: judgments}}
	s.now.Store(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	db.Now = func() time.Time { return time.UnixMilli(s.now.Load()) }
	t.Cleanup(func() {
		s.checkSlots()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.write(func(tx *store.Tx) error {
		for n := range slots {
			if err := slot.Add(tx, []slot.Slot{{ID: slot.ID{Clip: "c", Number: n + 1}, Hold: 2}}); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// slots adds slots up to so many.
func (s *site) slots(n int) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		var more []slot.Slot
		for i := slots; i < n; i++ {
			more = append(more, slot.Slot{ID: slot.ID{Clip: "c", Number: i + 1}, Hold: 2})
		}
		return slot.Add(tx, more)
	})
}

// dump gives every text and number in the database.
func (s *site) dump() string {
	s.Helper()
	var all strings.Builder
	s.read(func(tx *store.Tx) error {
		tables, err := store.Each(tx, func(r *sql.Rows, v *string) error { return r.Scan(v) },
			`SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'moderation%'`)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := dumpTable(tx, &all, t); err != nil {
				return err
			}
		}
		return nil
	})
	return all.String()
}

func dumpTable(tx *store.Tx, to *strings.Builder, table string) error {
	rows, err := tx.Query(`SELECT * FROM ` + table)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		fmt.Fprintln(to, table, values)
	}
	return rows.Err()
}

func (s *site) pass(d time.Duration) { s.now.Add(d.Milliseconds()) }

func (s *site) write(f func(*store.Tx) error) {
	s.Helper()
	if err := s.DB.Write(context.Background(), f); err != nil {
		s.Fatal(err)
	}
}

func (s *site) read(f func(*store.Tx) error) {
	s.Helper()
	if err := s.DB.Read(context.Background(), f); err != nil {
		s.Fatal(err)
	}
}

// record makes n pictures from the account that have just been received.
func (s *site) record(n int, account string) {
	s.Helper()
	for range n {
		id := picture.ID(store.NewID())
		s.frames = append(s.frames, id)
		s.write(func(tx *store.Tx) error {
			l, err := slot.Take(tx, "c", 0, time.Minute)
			if err != nil {
				return err
			}
			at, err := slot.Fill(tx, l.Token)
			if err != nil {
				return err
			}
			_, err = picture.Record(tx, picture.New{ID: id, Origin: "webcam", Slot: at, Account: account, Name: "Ann",
				Original: vault.KeyOf([]byte(id)), Type: "image/jpeg", Width: 640, Height: 480})
			return err
		})
	}
}

// frame makes n frames that wait for judgments.
func (s *site) frame(n int, account string) {
	s.Helper()
	s.record(n, account)
	for _, id := range s.frames[len(s.frames)-n:] {
		k := vault.KeyOf([]byte("large" + id))
		s.write(func(tx *store.Tx) error {
			return picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 640, Height: 480})
		})
	}
}

func (s *site) withdraw(frame int) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		err := picture.Withdraw(tx, s.frames[frame], "contributor")
		return err
	})
}

func (s *site) get(frame int) (p picture.Picture) {
	s.Helper()
	s.read(func(tx *store.Tx) (err error) { p, err = picture.Get(tx, s.frames[frame]); return err })
	return p
}

// page gives the places of the next frames of the account's judge, as "0 1 2".
func (s *site) page(judge string, n int) string {
	s.Helper()
	return s.pageOf(moderation.ByAccount(judge), n)
}

// pageOf is page for any judge.
func (s *site) pageOf(j moderation.Judge, n int) string {
	s.Helper()
	ps, err := s.Next(s.Context(), j, n)
	if err != nil {
		s.Fatal(err)
	}
	var places []string
	for _, p := range ps {
		if p.State != picture.Waiting || p.Large == "" {
			s.Errorf("handed out %+v", p)
		}
		places = append(places, fmt.Sprint(slices.Index(s.frames, p.ID)))
	}
	return strings.Join(places, " ")
}

// judgment says F fine, N nudity, P no pose or B both of the frame, with likeness 4.
func (s *site) judgment(frame int, letter byte) moderation.Judgment {
	return moderation.Judgment{Frame: s.frames[frame], Nudity: letter == 'N' || letter == 'B',
		Trying: letter == 'F' || letter == 'N', Likeness: 4}
}

// judge gives one judgment, and the code of its refusal or "".
func (s *site) judge(judge string, frame int, letter byte) string {
	s.Helper()
	r, err := s.Judge(context.Background(), moderation.ByAccount(judge), []moderation.Judgment{s.judgment(frame, letter)})
	if err != nil || r.Accepted+len(r.Refused) != 1 {
		s.Fatalf("judge: %+v, %v", r, err)
	}
	if r.Accepted == 1 {
		return ""
	}
	return r.Refused[0].Code
}

// judged has judges a, b, c … give the letters' judgments.
func (s *site) judged(frame int, letters string) {
	s.Helper()
	for i := range letters {
		if code := s.judge(string(rune('a'+i)), frame, letters[i]); code != "" {
			s.Fatalf("judgment %d of frame %d was refused: %s", i, frame, code)
		}
	}
}

func (s *site) decisions(frame int) (ds []moderation.Decision) {
	s.Helper()
	s.read(func(tx *store.Tx) (err error) { ds, err = moderation.Decisions(tx, s.frames[frame]); return err })
	return ds
}

// history writes the decisions as "crowd accepted, account:m rejected (undone by account:n)".
func (s *site) history(frame int) string {
	s.Helper()
	var all []string
	for _, d := range s.decisions(frame) {
		line := fmt.Sprintf("%s %s", d.By, d.Verdict)
		if d.Undone() {
			line += fmt.Sprintf(" (undone by %s)", d.UndoneBy)
		}
		all = append(all, line)
	}
	return strings.Join(all, ", ")
}

// checkSlots asserts that each slot counts exactly its standing pictures.
func (s *site) checkSlots() {
	s.Helper()
	s.read(func(tx *store.Tx) error {
		all, next, err := picture.List(tx, picture.Query{Limit: 500})
		if err != nil || next != "" {
			return fmt.Errorf("list: %q, %w", next, err)
		}
		standing := map[int]int{}
		for _, p := range all {
			if p.State.Standing() {
				standing[p.Slot.Number]++
			}
		}
		list, err := slot.List(tx, "c")
		for _, x := range list {
			if x.Filled != standing[x.Number] {
				s.Errorf("slot %d counts %d, has %d standing pictures", x.Number, x.Filled, standing[x.Number])
			}
		}
		return err
	})
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || !fault.Has(err, code) {
		t.Errorf("error %v, want %s", err, code)
	}
}
