package deliver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func TestWhatWaitsIsSentInTurn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscriber("a", Limits{Connections: 1})
	for i, priority := range []int{100, 900, 500, 900} {
		id := fmt.Sprint("p", i)
		s.picture(id, "x.jpg", metadata.Record{})
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := Enqueue(tx, New{Picture: picture.ID(id), Version: 1, Subscriber: "a", Priority: priority})
			return err
		})
	}
	s.picture("now", "x.jpg", metadata.Record{})
	write(t, s.DB, func(tx *store.Tx) error {
		all, err := OnDemand(tx, []picture.ID{"now", "p1"}, []string{"a"}, "account:m")
		if len(all) != 2 {
			t.Errorf("%d deliveries on demand", len(all))
		}
		return err
	})
	s.step()
	if got := strings.Join(s.World.has("a"), " "); got != "now p1 p1 p3 p2 p0" {
		t.Errorf("they arrive as %s", got)
	}
	s.is("a", "6 sent")
	for _, d := range s.list("a") {
		if d.Remote != "/"+string(d.Picture)+".jpg" || d.Bytes != int64(len(content)) || d.Attempts != 1 || d.SentAt.IsZero() || d.DoneAt.IsZero() {
			t.Errorf("%+v", d)
		}
		var tries []Try
		write(t, s.DB, func(tx *store.Tx) (err error) { tries, err = Tries(tx, d.ID); return err })
		if len(tries) != 1 || tries[0].Kind != Done || tries[0].Answer != "thank you" || tries[0].Bytes != int64(len(content)) {
			t.Errorf("%+v", tries)
		}
	}
	if n := s.World.opened["a"]; n != 1 {
		t.Errorf("%d connections for one after another", n)
	}
}

// With the office at work, nobody waits for the next look at a clock.
func TestServeIsWokenByWhatComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{})
		s.serve()
		for range 5 {
			time.Sleep(7 * time.Second) // synctest's time: the office comes to rest
			began := time.Now()
			s.queue(1, "a")
			for n := len(s.World.has("a")); len(s.World.has("a")) == n; {
				time.Sleep(time.Millisecond) // synctest's time as well
			}
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("it took %v", took)
			}
		}
	})
}

// Answers that ask for patience over several connections at once count as one.
func TestPatienceIsAskedForOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var at sync.WaitGroup
	at.Add(4)
	s.World.receive = func(context.Context, string, send.Parcel) error {
		at.Done()
		at.Wait() // for the others
		return fails(send.Busy)
	}
	s.subscriber("a", Limits{Connections: 4})
	s.queue(4, "a")
	if _, err := s.Office.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := s.Office.lines["a"]; l.busy != 1 || s.Office.Status("a").Why != WhyBusy {
		t.Errorf("it counts as %d, %+v", l.busy, s.Office.Status("a"))
	}
}

// A destination that failed without this process having noticed is not asked about again
// and again, and resumed at once.
func TestWhatWasStoppedElsewhereIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscriber("a", Limits{})
	s.queue(1, "a")
	s.step()
	write(t, s.DB, func(tx *store.Tx) error { _, err := FailDestination(tx, "a", "It was closed."); return err })
	s.queue(3, "a")
	for rounds := 0; ; rounds++ {
		if worked, err := s.Office.Step(t.Context()); err != nil || rounds > 10 {
			t.Fatalf("%d rounds, %v", rounds, err)
		} else if !worked {
			break
		}
	}
	s.is("a", "3 waiting, 1 sent")
	write(t, s.DB, func(tx *store.Tx) error { _, err := Resume(tx, "a"); return err })
	s.step()
	s.is("a", "4 sent")
}

// One subscriber with a queue that never ends, and 50 with one picture each.
func TestNobodyWaitsForSomebodyElsesQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.Office.Most = 8 // fewer than there are subscribers
		s.World.receive = func(ctx context.Context, host string, p send.Parcel) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}
		s.subscriber("many", Limits{Connections: 32})
		s.queue(2000, "many")
		s.serve()
		time.Sleep(10 * time.Second)
		var few []string
		for i := range 50 {
			few = append(few, fmt.Sprint("few", i))
			s.subscriber(few[i], Limits{})
		}
		began := time.Now()
		s.queue(1, few...)
		time.Sleep(2 * time.Second)
		for _, f := range few {
			if a := s.World.arrivals(f); len(a) != 1 || a[0].at.Sub(began) > 2*time.Second {
				t.Errorf("%s has %v after two seconds", f, a)
			}
		}
		if s.World.most["many"] > 8 || len(s.World.has("many")) < 400 {
			t.Errorf("the many had %d connections and have %d", s.World.most["many"], len(s.World.has("many")))
		}
	})
}

func TestKindsOfFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  send.Kind
		want  State
		tries int
	}{{send.Down, Due, 1}, {send.Busy, Due, 1}, {send.Ours, Due, 1}, {send.Refused, Dead, 1}, {send.Hopeless, Waiting, 1}, {"", Due, 1}} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.subscriber("a", Limits{})
			s.World.receive = func(context.Context, string, send.Parcel) error {
				if c.kind == "" {
					panic("no sender is perfect")
				}
				return fails(c.kind)
			}
			s.queue(1, "a")
			s.step()
			d := s.list("a")[0]
			if d.State != c.want || d.Attempts != 1 || d.Error == "" {
				t.Errorf("%+v", d)
			}
			if want := s.DB.Now().Add(time.Second); c.want == Due && d.NextAt.Before(want) {
				t.Errorf("it is due at %v", d.NextAt)
			}
			write(t, s.DB, func(tx *store.Tx) error {
				where, _, err := GetDestination(tx, "a")
				if err != nil {
					return err
				}
				if where.Failed != (c.kind == send.Hopeless) || where.Failed && where.Reason != "It is hopeless." {
					t.Errorf("the destination: %+v", where)
				}
				all, err := Tries(tx, d.ID)
				if err != nil {
					return err
				}
				if len(all) != c.tries || c.kind != "" && (all[0].Kind != string(c.kind) || all[0].Answer != "500 no" || all[0].Message != d.Error) {
					t.Errorf("the tries: %+v", all)
				}
				day := Day(tx.Now, time.UTC)
				days, err := Days(tx, "a", day, day)
				if err == nil && days[day].Failed[send.KindOf(fails(c.kind))] != 1 && c.kind != "" {
					t.Errorf("the totals: %+v", days)
				}
				return err
			})
		})
	}
}

// What can't get better stops the queue with the reason, and burns no tries; resumed, it goes on.
func TestAHopelessDestinationWaitsForSomebody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{})
		s.World.connect = func(string) error { return fails(send.Hopeless) }
		s.queue(300, "a")
		s.serve()
		time.Sleep(20 * time.Hour)
		s.is("a", "300 waiting")
		if st := s.Office.Status("a"); st.Why != WhyFailed || st.Claimed != 0 {
			t.Errorf("%+v", st)
		}
		s.World.mu.Lock()
		s.World.connect = nil
		s.World.mu.Unlock()
		write(t, s.DB, func(tx *store.Tx) error {
			changed, err := Resume(tx, "a")
			if !changed {
				t.Error("it had not failed")
			}
			return err
		})
		time.Sleep(3 * time.Second)
		s.is("a", "300 sent")
		if s.World.tries != 300 {
			t.Errorf("%d tries", s.World.tries)
		}
	})
}

// A destination that is down is probed, by one try at a time, and costs the queue nothing.
func TestABreakerHoldsTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 8})
		s.subscriber("b", Limits{})
		up, probes := false, 0
		s.World.connect = func(host string) error {
			s.World.mu.Lock()
			defer s.World.mu.Unlock()
			if host == "b" || up {
				return nil
			}
			probes++
			return fails(send.Down)
		}
		s.queue(500, "a")
		s.serve()
		for range 6 {
			time.Sleep(time.Hour)
			s.queue(1, "b")
		}
		time.Sleep(time.Second)
		s.is("b", "6 sent")
		if st := s.Office.Status("a"); !st.Down || st.Why != WhyDown || st.Next.IsZero() {
			t.Errorf("%+v", st)
		}
		burnt := 0
		for _, d := range s.list("a") {
			burnt += d.Attempts
		}
		s.World.mu.Lock()
		if probes < 30 || probes > 60 || burnt != probes {
			t.Errorf("%d probes in six hours, %d tries", probes, burnt)
		}
		up = true
		s.World.mu.Unlock()
		time.Sleep(15 * time.Minute)
		s.is("a", "500 sent")
	})
}

func TestPatienceIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 1})
		began, first := time.Now(), true
		s.World.receive = func(context.Context, string, send.Parcel) error {
			if !first {
				return nil
			}
			first = false
			return &send.Error{Kind: send.Busy, Message: "Later.", RetryAfter: time.Hour}
		}
		s.queue(5, "a")
		s.serve()
		time.Sleep(59 * time.Minute)
		if got := s.World.has("a"); len(got) != 0 {
			t.Errorf("after 59 minutes it has %v", got)
		}
		time.Sleep(2 * time.Minute)
		s.is("a", "5 sent")
		if at := s.World.arrivals("a")[0].at; at.Sub(began) < time.Hour {
			t.Errorf("the first came after %v", at.Sub(began))
		}
	})
}

func TestAfterThreeDaysItIsDeadUntilSomebodySendsItAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{})
		broken := true
		s.World.receive = func(context.Context, string, send.Parcel) error {
			if broken {
				return fails(send.Ours)
			}
			return nil
		}
		began := time.Now()
		s.queue(3, "a")
		stop := s.serve()
		time.Sleep(60 * time.Hour)
		s.is("a", "3 due")
		time.Sleep(20 * time.Hour)
		s.is("a", "3 dead")
		d := s.list("a")[0]
		if d.Attempts != 26 || d.DoneAt.Sub(began) < 70*time.Hour {
			t.Errorf("%+v", d)
		}
		stop()
		broken = false
		write(t, s.DB, func(tx *store.Tx) error { return Retry(tx, d.ID) })
		s.step()
		s.is("a", "1 sent, 2 dead")
		write(t, s.DB, func(tx *store.Tx) error {
			n, err := RetryDead(tx, "a")
			if n != 2 {
				t.Errorf("%d are sent again", n)
			}
			return err
		})
		s.step()
		s.is("a", "3 sent")
		write(t, s.DB, func(tx *store.Tx) error {
			if err := Retry(tx, d.ID); err == nil {
				t.Error("what was sent can be sent again without being asked for")
			}
			return nil
		})
	})
}

func TestAPausedSubscriberGetsNothingButRecalls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.subscriber("a", Limits{})
	s.queue(1, "a")
	s.step()
	write(t, s.DB, func(tx *store.Tx) error { return Pause(tx, "a", true) })
	s.queue(2, "a")
	write(t, s.DB, func(tx *store.Tx) error {
		_, err := Recall(tx, "p000001", "withdrawn")
		return err
	})
	s.step()
	s.is("a", "2 waiting, 1 recalled")
	if got := s.World.has("a"); !slices.Equal(got, []string{"p000001", "-/p000001.jpg"}) {
		t.Errorf("it has %v", got)
	}
	if st := s.Office.Status("a"); st.Why != WhyPaused {
		t.Errorf("%+v", st)
	}
	write(t, s.DB, func(tx *store.Tx) error { return Pause(tx, "a", false) })
	s.step()
	s.is("a", "2 sent, 1 recalled")
}

// A slow send outlasts its claim many times over, and is neither repeated nor ended.
func TestASlowSubscriberIsLeftToItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("slow", Limits{})
		s.picture("p", "big400000", metadata.Record{})
		s.World.receive = func(ctx context.Context, host string, p send.Parcel) error {
			r, err := p.Open()
			if err != nil {
				return err
			}
			defer r.Close()
			return drain(ctx, r, 1000)
		}
		write(t, s.DB, func(tx *store.Tx) error {
			_, err := Enqueue(tx, New{Picture: "p", Version: 1, Subscriber: "slow"})
			return err
		})
		s.serve()
		time.Sleep(390 * time.Second)
		s.is("slow", "1 claimed")
		time.Sleep(30 * time.Second)
		s.is("slow", "1 sent")
		if s.World.tries != 1 {
			t.Errorf("%d tries", s.World.tries)
		}
	})
}

func TestWhereNothingMovesTheTryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("hole", Limits{})
		s.World.receive = func(ctx context.Context, _ string, _ send.Parcel) error {
			<-ctx.Done()
			return fails(send.Ours)
		}
		s.queue(1, "hole")
		s.serve()
		time.Sleep(62 * time.Second)
		if d := s.list("hole")[0]; d.State != Due || d.Failed != string(send.Down) {
			t.Errorf("%+v", d)
		}
	})
}

// A connection is kept while there may be more, closed after a while, and never used for
// another destination than it was made for. One that the server closed meanwhile is no failure.
func TestConnectionsAreKeptAndReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 3})
		s.serve()
		counts := func() string {
			s.World.mu.Lock()
			defer s.World.mu.Unlock()
			return fmt.Sprintf("%d opened, %d closed", s.World.opened["a"], s.World.closed["a"])
		}
		for range 10 {
			s.queue(1, "a")
			time.Sleep(30 * time.Second)
		}
		if got := counts(); got != "1 opened, 0 closed" {
			t.Error(got)
		}
		time.Sleep(time.Hour)
		if got := counts(); got != "1 opened, 1 closed" {
			t.Error(got)
		}
		s.queue(1, "a")
		time.Sleep(30 * time.Second)
		stale := true
		s.World.mu.Lock()
		s.World.receive = func(context.Context, string, send.Parcel) error {
			if stale {
				stale = false
				return fails(send.Down)
			}
			return nil
		}
		s.World.mu.Unlock()
		s.queue(1, "a")
		time.Sleep(time.Second)
		if got := counts(); got != "3 opened, 2 closed" {
			t.Error(got)
		}
		s.is("a", "12 sent")
		for _, d := range s.list("a") {
			if d.Attempts != 1 {
				t.Errorf("%+v", d)
			}
		}
		s.subscriber("a", Limits{Connections: 2})
		time.Sleep(time.Second)
		if got := counts(); got != "3 opened, 3 closed" {
			t.Error(got)
		}
	})
}

// Where the office stops, nothing stays claimed but what could not be ended in time.
func TestStoppingLetsGoOfWhatWasClaimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.subscriber("a", Limits{Connections: 2})
		s.World.receive = func(context.Context, string, send.Parcel) error { time.Sleep(2 * time.Second); return nil }
		s.queue(20, "a")
		stop := s.serve()
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took > grace {
			t.Errorf("it took %v to stop", took)
		}
		s.is("a", "18 waiting, 2 sent")
	})
}
