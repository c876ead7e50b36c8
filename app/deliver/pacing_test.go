package deliver

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func TestDeliveriesAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{PerMinute: 30, Connections: 4})
		s.queue(100, "a")
		s.serve()
		time.Sleep(2 * time.Minute)
		if n := len(s.World.has("a")); n < 55 || n > 60 {
			t.Errorf("%d in two minutes", n)
		}
		if st := s.Office.Status("a"); st.Why != WhyMinute || st.Next.IsZero() {
			t.Errorf("%+v", st)
		}
		s.picture("now", "x.jpg", metadata.Record{})
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := OnDemand(tx, []picture.ID{"now"}, []string{"a"}, "account:m")
			return err
		})
		time.Sleep(100 * time.Millisecond)
		if !slices.Contains(s.World.has("a"), "now") {
			t.Error("what was demanded waits for the limit")
		}
		time.Sleep(3 * time.Minute)
		all := s.World.arrivals("a")
		all = slices.DeleteFunc(all, func(a arrival) bool { return a.what == "now" })
		if len(all) != 100 {
			t.Errorf("%d arrived", len(all))
		}
		for i := range len(all) - 30 {
			if all[i+30].at.Sub(all[i].at) < time.Minute {
				t.Fatalf("31 came from %v to %v", all[i].at, all[i+30].at)
			}
		}
	})
}

// The cap of the day holds over a restart, and ends at the subscriber's midnight.
func TestDeliveriesADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t) // it is midnight, UTC
		s.subscriber("a", Limits{PerDay: 7, Zone: "Asia/Kathmandu", Connections: 3})
		s.queue(20, "a")
		stop := s.serve()
		time.Sleep(time.Minute)
		s.is("a", "13 waiting, 7 sent")
		stop()
		s.Office = s.newOffice(s.Office.Box)
		s.serve()
		time.Sleep(18*time.Hour + 13*time.Minute) // 5:45 ahead
		s.is("a", "13 waiting, 7 sent")
		if st := s.Office.Status("a"); st.Why != WhyDay || time.Until(st.Next) > 2*time.Minute {
			t.Errorf("%+v", st)
		}
		time.Sleep(3 * time.Minute)
		s.is("a", "6 waiting, 14 sent")
	})
}

func TestHoursOfTheDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)                                                                         // it is midnight, UTC
		s.subscriber("a", Limits{Hours: []Hours{{"22:00", "06:00"}}, Zone: "America/New_York"}) // 19:00
		s.queue(3, "a")
		s.serve()
		time.Sleep(2*time.Hour + 59*time.Minute)
		s.is("a", "3 waiting")
		if st := s.Office.Status("a"); st.Why != WhyHours {
			t.Errorf("%+v", st)
		}
		time.Sleep(2 * time.Minute)
		s.is("a", "3 sent")
		time.Sleep(8 * time.Hour)
		s.queue(1, "a")
		time.Sleep(time.Minute)
		s.is("a", "1 waiting, 3 sent")
	})
}

// Bytes a second are counted over all connections.
func TestBytesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.World.receive = func(_ context.Context, _ string, p send.Parcel) error {
			r, err := p.Open()
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			return err
		}
		s.subscriber("a", Limits{BytesPerSecond: 10_000, Connections: 4})
		for i := range 8 {
			id := fmt.Sprint("p", i)
			s.picture(id, "big50000", metadata.Record{})
			write(t, s.DB, func(tx *store.Tx) error {
				_, err := Enqueue(tx, New{Picture: picture.ID(id), Version: 1, Subscriber: "a"})
				return err
			})
		}
		began := time.Now()
		s.serve()
		time.Sleep(time.Minute)
		all := s.World.arrivals("a")
		if len(all) != 8 {
			t.Fatalf("%d arrived", len(all))
		}
		if took := all[7].at.Sub(began); took < 39*time.Second || took > 42*time.Second {
			t.Errorf("400 kB took %v", took)
		}
		if s.World.most["a"] != 4 {
			t.Errorf("%d connections", s.World.most["a"])
		}
	})
}

// An embargo is kept, by what was demanded as well, and holds up nobody behind it.
func TestAnEmbargoIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{PerMinute: 60})
		release := time.Now().Add(26 * time.Hour)
		for i := range 50 {
			id := fmt.Sprint("held", i)
			s.picture(id, "x.jpg", metadata.Record{Release: &metadata.Taken{At: release, Zoned: true}})
			write(t, s.DB, func(tx *store.Tx) error {
				_, err := Enqueue(tx, New{Picture: picture.ID(id), Version: 1, Subscriber: "a", Priority: 900})
				return err
			})
		}
		s.queue(1, "a")
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := OnDemand(tx, []picture.ID{"held0"}, []string{"a"}, "account:m")
			return err
		})
		s.serve()
		time.Sleep(5 * time.Second)
		s.is("a", "51 due, 1 sent")
		if d := s.list("a")[0]; !d.ReleaseAt.Equal(release.Truncate(time.Millisecond)) || d.Attempts != 0 || !d.NextAt.Equal(d.ReleaseAt) {
			t.Errorf("%+v", d)
		}
		time.Sleep(25*time.Hour + 59*time.Minute)
		s.is("a", "51 due, 1 sent")
		time.Sleep(2 * time.Minute)
		s.is("a", "52 sent")
		var day Totals
		write(t, s.DB, func(tx *store.Tx) error {
			days, err := Days(tx, "a", "2000-01-02", "2000-01-02")
			day = days["2000-01-02"]
			return err
		})
		if p95 := day.Latency.Quantile(0.95); day.Sent != 51 || p95 > 2*time.Minute {
			t.Errorf("%d were sent; the embargo counts as latency: %v", day.Sent, p95)
		}
	})
}

// A picture that is recalled while it is being sent is recalled at the subscriber after it came.
func TestARecallFollowsWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 4, PerMinute: 60, Hours: []Hours{{"00:00", "00:01"}}})
		s.World.receive = func(context.Context, string, send.Parcel) error { time.Sleep(10 * time.Minute); return nil }
		s.queue(1, "a")
		s.serve()
		time.Sleep(time.Second)
		write(t, s.DB, func(tx *store.Tx) error {
			n, err := Recall(tx, "p000001", "withdrawn")
			if n != 1 {
				t.Errorf("%d recalls", n)
			}
			return err
		})
		time.Sleep(20 * time.Minute)
		if got := strings.Join(s.World.has("a"), " "); got != "p000001 -/p000001.jpg" {
			t.Errorf("it has %s", got)
		}
		s.is("a", "1 recalled")
		s.recallIs("p000001", "done deleted")
	})
}

func (s *site) recallIs(p picture.ID, want string) {
	s.Helper()
	write(s, s.DB, func(tx *store.Tx) error {
		all, err := Recalls(tx, p)
		if err != nil {
			return err
		}
		if got := strings.TrimSpace(all[0].State + " " + all[0].Answer); got != want || len(all) != 1 {
			s.Errorf("its recall is %s, want %s", got, want)
		}
		return nil
	})
}

// A recall that fails is tried again; one that is refused, or tried for too long, is dead.
// Where the picture is accepted again meanwhile, it is moot.
func TestRecallsThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for _, x := range []string{"slow", "no", "again"} {
			s.subscriber(x, Limits{})
			s.queue(1, x)
		}
		s.step()
		tries := 0
		s.World.recall = func(_ context.Context, host string, r send.Recall) error {
			if host == "no" {
				return fails(send.Refused)
			}
			if tries++; host == "again" || tries < 4 {
				return fails(send.Ours)
			}
			return nil
		}
		for i := 1; i <= 3; i++ {
			write(t, s.DB, func(tx *store.Tx) error {
				_, err := Recall(tx, picture.ID(fmt.Sprintf("p%06d", i)), "withdrawn")
				return err
			})
		}
		s.serve()
		time.Sleep(30 * time.Second)
		s.recallIs("p000002", "dead")
		s.recallIs("p000003", "due")
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := Enqueue(tx, New{Picture: "p000003", Version: 1, Subscriber: "again"})
			return err
		})
		time.Sleep(10 * time.Minute)
		s.recallIs("p000001", "done deleted")
		s.recallIs("p000003", "cancelled")
		s.is("again", "1 sent")
	})
}

// Where a newer version came while the older one was being sent, and all is withdrawn
// before it goes, what the subscriber has is taken back.
func TestWhatWasGivenIsTakenBackWhateverCameBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 1})
		s.World.receive = func(context.Context, string, send.Parcel) error { time.Sleep(time.Minute); return nil }
		s.queue(1, "a")
		s.serve()
		time.Sleep(time.Second)
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := Correct(tx, "p000001", 2)
			return err
		})
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := Recall(tx, "p000001", "withdrawn")
			return err
		})
		s.is("a", "1 cancelled")
		time.Sleep(5 * time.Minute)
		s.is("a", "1 recalled")
		if got := strings.Join(s.World.has("a"), " "); got != "p000001 -/p000001.jpg" {
			t.Errorf("it has %s", got)
		}
	})
}

// Of what is still on its way when a corrected version comes, what was asked for on demand
// goes in the new version, and what no rule asks for any more doesn't go: nothing waits for
// a version that there isn't.
func TestWhatWaitsGoesInTheNewestVersion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscriber("a", Limits{})
	s.subscriber("b", Limits{})
	s.queue(1, "a", "b")
	write(t, s.DB, func(tx *store.Tx) error {
		if _, err := OnDemand(tx, []picture.ID{"p000001"}, []string{"a"}, "account:m"); err != nil {
			return err
		}
		p, err := picture.Get(tx, "p000001")
		if err != nil {
			return err
		}
		if _, err := picture.Replace(tx, p, picture.New{Origin: "ftp", Account: "a", Original: "01", Type: "image/jpeg", FileName: "x.jpg", Approver: "account:a"}); err != nil {
			return err
		}
		if _, err := Correct(tx, "p000001", 2); err != nil {
			return err
		}
		_, err = Enqueue(tx, New{Picture: "p000001", Version: 2, Subscriber: "b"})
		return err
	})
	s.step()
	s.is("a", "1 sent, 1 cancelled")
	s.is("b", "1 sent")
	for _, d := range append(s.list("a"), s.list("b")...) {
		if d.State == Sent && d.Version != 2 {
			t.Errorf("%+v", d)
		}
	}
	write(t, s.DB, func(tx *store.Tx) error { // the second one can't be opened
		if n, err := Correct(tx, "p000001", 1); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		changed, err := Enqueue(tx, New{Picture: "p000001", Version: 1, Subscriber: "b"})
		if changed {
			t.Error("it goes twice")
		}
		return err
	})
	s.is("b", "1 waiting")
}

// What was finished long ago goes, and its totals stay.
func TestSweepFoldsWhatIsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{})
		s.queue(1200, "a")
		s.step()
		write(t, s.DB, func(tx *store.Tx) error { _, err := Recall(tx, "p000001", "withdrawn"); return err })
		s.step()
		write(t, s.DB, func(tx *store.Tx) error { _, err := Recall(tx, "p000002", "withdrawn"); return err })
		day := Day(time.Now(), time.UTC)
		time.Sleep(29 * 24 * time.Hour)
		s.queue(3, "a")
		if err := s.Office.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.is("a", "3 waiting, 1198 sent, 2 recalled")
		time.Sleep(2 * 24 * time.Hour)
		if err := s.Office.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.is("a", "3 waiting, 1 recalled")
		write(t, s.DB, func(tx *store.Tx) error {
			var tries int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM deliver_try`).Scan(&tries); err != nil || tries != 1 {
				t.Errorf("%d tries stay, %v", tries, err)
			}
			days, err := Days(tx, "", day, day)
			if got := days[day]; got.Sent != 1200 || got.Bytes != 12_000 || got.Recalled != 1 || got.Latency.Quantile(0.5) <= 0 {
				t.Errorf("the day: %+v", got)
			}
			return err
		})
	})
}

// What a claim was taken for by a process that is gone is sent under the same id.
func TestAClaimThatRunsOutIsTakenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{})
		s.queue(3, "a")
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE deliver_delivery SET state = 'claimed', claimed_until = $1`, store.Millis(tx.Now.Add(40*time.Second)))
			return err
		})
		ids := s.list("a")
		s.serve()
		time.Sleep(39 * time.Second)
		s.is("a", "3 claimed")
		time.Sleep(2 * time.Second)
		s.is("a", "3 sent")
		for _, a := range s.World.arrivals("a") {
			if !slices.ContainsFunc(ids, func(d Delivery) bool { return d.ID == a.delivery }) {
				t.Errorf("%+v has another id", a)
			}
		}
	})
}

// A process dies when it has sent a picture and not yet written that down; then the picture
// is withdrawn. What may lie there is taken back by the name that was reserved for it.
func TestWhatMayHaveBeenSentIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscriber("a", Limits{})
	s.queue(1, "a")
	write(t, s.DB, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO deliver_name (subscriber, picture, template, stem, ext, folded, wish, number, made_at) VALUES ('a', 'p000001', '', 'x/y', '.jpg', 'x/y', 'x/y', 1, 1)`); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE deliver_delivery SET state = 'claimed', claimed_until = $1`, store.Millis(tx.Now.Add(time.Minute)))
		return err
	})
	write(t, s.DB, func(tx *store.Tx) error { _, err := Recall(tx, "p000001", "withdrawn"); return err })
	s.step()
	if got := strings.Join(s.World.has("a"), " "); got != "-x/y.jpg" {
		t.Errorf("it has %s", got)
	}
	s.recallIs("p000001", "done deleted")
}
