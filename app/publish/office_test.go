package publish_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/publish"
	"oneframe/app/store"
)

// scripted is a host of the test's own.
type scripted struct {
	name string
	move func(ctx context.Context, job publish.Job, u *publish.Upload) (publish.Next, error)
}

func (s scripted) Name() string { return s.name }

func (s scripted) Move(ctx context.Context, job publish.Job, u *publish.Upload) (publish.Next, error) {
	return s.move(ctx, job, u)
}

func done(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
	return publish.Next{Done: true}, nil
}

func failing(s publish.Severity, after time.Duration) func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
	return func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
		return publish.Next{}, &publish.Trouble{Severity: s, Message: "No.", After: after}
	}
}

// A host that fails, hangs or panics holds up no other.
func TestHostsDontWaitForOneAnother(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := newSite(t,
		scripted{"hangs", func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
			close(entered)
			<-leave
			return publish.Next{Done: true}, nil
		}},
		scripted{"locked", failing(publish.Locked, 0)},
		scripted{"panics", func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) { panic("boom") }},
		scripted{"plain", func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
			return publish.Next{}, errors.New("a plain error")
		}},
		scripted{"works", done})
	s.want("c", "file")
	s.want("d", "another")
	var all sync.WaitGroup
	all.Go(func() { s.step() })
	<-entered
	s.work()
	states := map[string]string{}
	for _, v := range s.list() {
		states[v.Clip+" "+v.Host] = v.State
		if v.Host == "works" && !v.Current || v.Host == "panics" && !strings.Contains(v.Error, "boom") {
			t.Errorf("%+v", v)
		}
	}
	if _, begun := states["d hangs"]; begun {
		t.Error("a host had two uploads at a time")
	}
	if states["c locked"] != "paused" || states["d locked"] != "paused" || states["c plain"] != "sending" {
		t.Errorf("%v", states)
	}
	close(leave)
	all.Wait()
	s.office.Hosts = []publish.Host{scripted{"hangs", done}}
	s.work()
	for _, v := range s.list() {
		if v.Host == "hangs" && !v.Current {
			t.Errorf("%+v", v)
		}
	}
}

// What a host says about us holds for all of its videos, what it says about a video for one.
func TestWhatFollowsForTheHostsOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		severity publish.Severity
		state    string
		wait     time.Duration
	}{
		"busy":    {publish.Busy, "sending", 10 * time.Minute},
		"locked":  {publish.Locked, "paused", 0},
		"barred":  {publish.Barred, "sending", 0},
		"refused": {publish.Refused, "sending", 0},
		"passing": {publish.Passing, "sending", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, scripted{"h", func(_ context.Context, j publish.Job, u *publish.Upload) (publish.Next, error) {
				u.Stage = publish.Sending
				return publish.Next{}, nil
			}})
			s.want("d", "another")
			s.step()
			s.want("c", "file")
			s.office.Hosts = []publish.Host{scripted{"h", func(_ context.Context, j publish.Job, u *publish.Upload) (publish.Next, error) {
				if j.Clip == "d" {
					return publish.Next{}, nil
				}
				return publish.Next{}, &publish.Trouble{Severity: c.severity, Message: "No.", After: 10 * time.Minute}
			}}}
			s.step()
			d := s.list()[1]
			wait := max(0, d.Next.Sub(s.clock()))
			if d.State == "paused" {
				wait = 0
			}
			if d.Clip != "d" || d.State != c.state || wait != c.wait {
				t.Errorf("the other video is %s and waits %s, want %s and %s", d.State, wait, c.state, c.wait)
			}
		})
	}
}

// A site that is stopped puts the upload down: it is no failure, and goes on at once.
func TestStoppedInTheMiddleOfAMove(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	s := newSite(t, scripted{"h", func(ctx context.Context, _ publish.Job, u *publish.Upload) (publish.Next, error) {
		u.Stage, u.Offset = publish.Sending, 2
		stop()
		return publish.Next{}, ctx.Err()
	}})
	s.want("c", "file")
	if worked, err := s.office.Step(ctx); !worked || err != nil {
		t.Errorf("%t, %v", worked, err)
	}
	if v := s.video(); v.State != "sending" || v.Tries != 0 || v.Error != "" || v.Sent != 2 {
		t.Errorf("%+v", v)
	}
	unsure := false
	s.office.Hosts = []publish.Host{scripted{"h", func(_ context.Context, _ publish.Job, u *publish.Upload) (publish.Next, error) {
		unsure = u.Unsure
		return publish.Next{Done: true}, nil
	}}}
	if !s.step() || !s.video().Current {
		t.Errorf("%+v", s.video())
	}
	if !unsure {
		t.Error("the next move wasn't told that a reply may be lost")
	}
}

func TestWantForgetAndDrop(t *testing.T) {
	t.Parallel()
	made := 0
	s := newSite(t, scripted{"h", func(_ context.Context, _ publish.Job, u *publish.Upload) (publish.Next, error) {
		if u.Remote == "" {
			made++
			u.Remote = "video"
		}
		return publish.Next{Done: true}, nil
	}})
	err := s.db.Write(t.Context(), func(tx *store.Tx) error { return publish.Want(tx, "c", "r", "", "", "") })
	if !fault.Has(err, "no_render") {
		t.Errorf("without a file: %v", err)
	}
	s.want("c", "file")
	changed := s.db.Changed()
	s.want("c", "file")
	select {
	case <-changed:
		t.Error("wanting the same again changed something")
	default:
	}
	forget := func() error {
		return s.db.Write(t.Context(), func(tx *store.Tx) error { return publish.Forget(tx, "c", "h") })
	}
	if err := forget(); !fault.Has(err, "no_video") {
		t.Errorf("before there is a video: %v", err)
	}
	s.settle()
	if err := forget(); err != nil {
		t.Error(err)
	}
	s.settle()
	if made != 2 {
		t.Errorf("%d videos made, want a new one after Forget", made)
	}
	s.write(func(tx *store.Tx) error { return publish.Drop(tx, "c") })
	if s.step() || len(s.list()) != 0 {
		t.Errorf("after Drop: %+v", s.list())
	}
}

func TestForgetWhileItIsBeingSent(t *testing.T) {
	t.Parallel()
	var s *site
	s = newSite(t, scripted{"h", func(context.Context, publish.Job, *publish.Upload) (publish.Next, error) {
		err := s.db.Write(t.Context(), func(tx *store.Tx) error { return publish.Forget(tx, "c", "h") })
		if !fault.Has(err, "uploading") {
			t.Errorf("%v", err)
		}
		return publish.Next{Done: true}, nil
	}})
	s.want("c", "file")
	s.step()
}

// Two processes at one database never work on the same upload.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	at := map[string]bool{}
	host := scripted{"h", func(_ context.Context, j publish.Job, u *publish.Upload) (publish.Next, error) {
		mu.Lock()
		if len(at) > 0 {
			t.Errorf("%s is sent while %v is", j.Clip, at)
		}
		at[j.Clip] = true
		mu.Unlock()
		defer func() { mu.Lock(); delete(at, j.Clip); mu.Unlock() }()
		u.Stage, u.Offset = publish.Sending, u.Offset+1
		return publish.Next{Done: u.Offset == 5}, nil
	}}
	s := newSite(t, host)
	s.want("c", "file")
	s.want("d", "file")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				s.step()
			}
		})
	}
	all.Wait()
	s.work()
	for _, v := range s.list() {
		if !v.Current {
			t.Errorf("%+v", v)
		}
	}
}
