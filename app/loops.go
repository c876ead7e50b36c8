package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"github.com/robfig/cron/v3"
	"golang.org/x/sync/errgroup"

	"oneframe/app/clip"
	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// step is one round of a room's work; it says whether there was any.
type step func(context.Context) (worked bool, err error)

const (
	idle   = 2 * time.Second       // how long a loop waits without a wake-up
	gap    = 20 * time.Millisecond // between a wake-up and the next round
	oldest = 24 * time.Hour        // what no row names is swept after this
	unused = 7 * 24 * time.Hour    // a picture made to order that nobody wanted is swept after this

	followEvery = 3 * time.Second // between two looks for verdicts, with clip.follow
	aheadEvery  = 5 * time.Minute // between two looks for what could be encoded ahead
)

// Loops runs the workers until the context ends, and returns when their last rounds
// are over. A round that fails is logged and tried again, later each time.
func (a *App) Loops(ctx context.Context) error {
	timer, err := a.schedule(ctx)
	if err != nil {
		return err
	}
	timer.Start()
	var g errgroup.Group
	steps := map[string]step{"scale": a.Scaler.Step, "import": a.imported, "render": a.Studio.Step,
		"stills": a.Studio.StepStills, "history": a.Studio.StepHistory, "judge": a.Desk.Step, "crowds": a.Crowds.Step, "feed": a.Feed.Step, "folder": a.Folder.Step, "index": a.Feed.Rebuild}
	maps.Copy(steps, a.mirrors())
	for name, f := range steps {
		g.Go(func() error { a.loop(ctx, name, f); return nil })
	}
	g.Go(func() error { return a.Sending.Serve(ctx) })
	g.Go(func() error { a.first(ctx); return nil })
	err = g.Wait()
	<-timer.Stop().Done()
	return err
}

// loop does rounds as long as there is work, then waits for a commit or a while.
func (a *App) loop(ctx context.Context, name string, f step) {
	failures := 0
	for ctx.Err() == nil {
		changed := a.DB.Changed()
		worked, err := round(ctx, f)
		if err != nil && ctx.Err() == nil {
			a.Log.Error("a round of work failed", "loop", name, "error", err)
			failures++
			sleep(ctx, nil, min(time.Second<<min(failures, 6), time.Minute))
			continue
		}
		failures = 0
		if !worked {
			sleep(ctx, changed, idle)
			sleep(ctx, nil, gap)
		}
	}
}

// round keeps a panic in one room from stopping the house: it is an error like others.
func round(ctx context.Context, f step) (worked bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			worked, err = false, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f(ctx)
}

// sleep waits for the duration, the channel or the context's end.
func sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// imported is the importer's round; a clip that has just come in gets its first render.
func (a *App) imported(ctx context.Context) (bool, error) {
	worked, err := a.Importer.Step(ctx)
	if err == nil && worked {
		err = a.Studio.RequestDue(ctx)
	}
	return worked, err
}

// first makes the demo where the site has no video, and sees that every clip has a render.
func (a *App) first(ctx context.Context) {
	if err := a.welcome(ctx); err != nil && ctx.Err() == nil {
		a.Log.Error("the demo clip could not be made", "error", err)
	}
	if err := a.Studio.RequestDue(ctx); err != nil && ctx.Err() == nil {
		a.Log.Error("no render could be requested", "error", err)
	}
}

func (a *App) welcome(ctx context.Context) error {
	slugs, err := a.slugs(ctx)
	if err != nil || len(slugs) > 0 || !a.Config.Import.Demo {
		return err
	}
	a.Log.Info("making the demo clip")
	_, err = a.Importer.Demo(ctx, func(float64) {})
	return err
}

// schedule sets the clock for the hourly render and the nightly sweep.
func (a *App) schedule(ctx context.Context) (*cron.Cron, error) {
	spec, err := parseCron(a.Config.Clip.Schedule)
	if err != nil {
		return nil, err
	}
	poll, err := parseCron(a.Config.Moderation.Poll)
	if err != nil {
		return nil, err
	}
	log := cronLog{a.Log}
	timer := cron.New(cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	timer.Schedule(spec, cron.FuncJob(func() {
		if err := a.Studio.RequestDue(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("the scheduled render could not be requested", "error", err)
		}
	}))
	timer.Schedule(poll, cron.FuncJob(func() {
		if err := a.Crowds.Due(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("the outside crowds' judgments could not be asked for", "error", err)
		}
	}))
	ahead := clip.Ahead{Studio: a.Studio}
	timer.Schedule(cron.Every(aheadEvery), cron.FuncJob(func() {
		if err := ahead.Run(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("what the next pictures will need could not be encoded", "error", err)
		}
	}))
	if a.Config.Clip.Follow {
		timer.Schedule(cron.Every(followEvery), cron.FuncJob(a.follower(ctx)))
	}
	nightly, err := parseCron(a.Config.Moderation.Reestimate)
	if err != nil {
		return nil, err
	}
	timer.Schedule(nightly, cron.FuncJob(func() { a.reestimate(ctx) }))
	_, err = timer.AddFunc("17 4 * * *", func() {
		if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("the nightly sweep failed", "error", err)
		}
	})
	if err != nil {
		return nil, err
	}
	_, err = timer.AddFunc("@hourly", func() {
		if err := a.FTP.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("the photographers' folders could not be swept", "error", err)
		}
	})
	if err != nil {
		return nil, err
	}
	_, err = timer.AddFunc("@every 5m", func() {
		if _, err := a.Maker.Sweep(ctx, int64(a.Config.Deliver.Cache), time.Now().Add(-unused)); err != nil && ctx.Err() == nil {
			a.Log.Error("the pictures made to order could not be swept", "error", err)
		}
	})
	return timer, err
}

// reestimate estimates the judges anew and says what came of it.
func (a *App) reestimate(ctx context.Context) {
	e, err := a.Desk.Reestimate(ctx)
	if err != nil {
		if ctx.Err() == nil {
			a.Log.Error("the judges could not be estimated anew", "error", err)
		}
		return
	}
	a.Log.Info("judges estimated anew", "judges", e.Judges, "judgments", e.Judgments, "doubted_verdicts", e.Doubts)
}

// follower gives a job that has clips rendered soon after their verdicts.
func (a *App) follower(ctx context.Context) func() {
	var seen int64
	var later bool
	return func() {
		var now int64
		err := a.DB.Read(ctx, func(tx *store.Tx) (err error) { now, err = picture.Revision(tx); return err })
		if err == nil && (later || now != seen) {
			later, err = a.Studio.RequestSoon(ctx, time.Duration(a.Config.Clip.MinInterval))
		}
		if err == nil {
			seen = now
		} else if ctx.Err() == nil {
			a.Log.Error("no render could be requested after a verdict", "error", err)
		}
	}
}

// Sweep takes away what nothing names any more: files that a crash left, ended
// sessions and leases, pieces of clip that no render needs.
func (a *App) Sweep(ctx context.Context) error {
	if err := a.Door.Sweep(ctx); err != nil {
		return err
	}
	unnamed := func(k vault.Key, remove func() error) error {
		var found bool
		err := a.DB.Read(ctx, func(tx *store.Tx) (err error) { found, err = named(tx, k); return err })
		if err != nil || found {
			return err
		}
		return a.DB.Write(ctx, func(tx *store.Tx) error { // now nobody can come to name it between the look and the removal
			found, err := named(tx, k)
			if err != nil || found {
				return err
			}
			return remove()
		})
	}
	before := a.DB.Now().Add(-oldest)
	for _, v := range []*vault.Vault{a.Originals, a.Renditions} {
		n, err := v.Sweep(ctx, before, unnamed)
		if err != nil {
			return err
		}
		a.Log.Info("swept files that nothing names", "removed", n)
	}
	if err := a.DB.Write(ctx, func(tx *store.Tx) error { return slot.Purge(tx, before) }); err != nil {
		return err
	}
	if err := a.People.Purge(ctx); err != nil {
		return err
	}
	if err := a.Crowds.Sweep(ctx); err != nil {
		return err
	}
	if err := a.Importer.Sweep(ctx); err != nil {
		return err
	}
	if err := a.Sending.Sweep(ctx); err != nil {
		return err
	}
	return a.Studio.Sweep(ctx, int64(a.Config.Clip.Cache))
}

// named reports whether a row names the file.
func named(tx *store.Tx, k vault.Key) (bool, error) {
	_, found, err := picture.Names(tx, k)
	if err != nil || found {
		return found, err
	}
	return ingest.Names(tx, k)
}

// cronLog gives the timer's own words to our log.
type cronLog struct{ log *slog.Logger }

// Info is called for each start of a job.
func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("timer: "+msg, kv...) }

// Error is called for a job that panicked.
func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("timer: "+msg, append(kv, "error", err)...)
}
