// Package crowd connects outside crowds: when a frame is ready its job is posted to each
// crowd, signed, and its workers' judgments come back, either by themselves to
// POST /hooks/judgments (http-push) or collected on the clock (http-poll). A worker is a
// judge like everyone: trust is measured on the gold frames among the jobs, which look
// like any other.
//
// A crowd:
//
//	        ─Add────────► on
//	on      ─Switch─────► off
//	on      ─410────────► gone
//	off, gone ─Switch───► on
//	any     ─Remove─────► removed: its judgments stay, its secrets go
//
// A message to it:
//
//	        ─follow──────► due, by the event that it tells of, once per crowd
//	due     ─2xx─────────► sent
//	due     ─otherwise───► due again later, by webhook.Delay and Retry-After, or dead
//	dead    ─Resend──────► due
//	due     ─frame closed before it went out─► deleted
//
// Everything that is waited for is a row, so a restart loses nothing: a claim that ran
// out is claimed again, and a message that goes out twice has the same id.
package crowd

import (
	"context"
	"net/http"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/seal"
	"oneframe/app/store"
)

// Exchange is where crowds are kept, told and heard. Who may change them is the
// caller's to check.
type Exchange struct {
	DB      *store.DB
	Desk    *moderation.Desk
	Box     *seal.Box
	Client  *http.Client // for requests to crowds: outbound.NewClient
	Base    string       // the site's public address without a trailing slash; "" where it has none
	Private bool         // crowds in private networks are allowed, and plain http
	Jitter  func() float64
}

const (
	batch     = 16               // messages in one round
	claimFor  = 2 * time.Minute  // longer than an attempt can last
	attemptIn = 20 * time.Second // what one attempt may take
	linkLasts = 30 * 24 * time.Hour
	oldLasts  = 7 * 24 * time.Hour  // of a secret that was rotated away
	remember  = 90 * 24 * time.Hour // ids of messages, ours and theirs
	goldEvery = 17                  // ordinary jobs to one of gold, as in a page of 18
)

// Step does one round: it finds out what happened to frames, posts what is due, and
// collects where it is time.
func (x *Exchange) Step(ctx context.Context) (worked bool, err error) {
	for _, round := range []func(context.Context) (bool, error){x.follow, x.send, x.collect} {
		did, err := round(ctx)
		if err != nil {
			return worked, err
		}
		worked = worked || did
	}
	return worked, nil
}

// Sweep forgets messages that are done for long; a replay older than that is refused
// by its timestamp.
func (x *Exchange) Sweep(ctx context.Context) error {
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		before := store.Millis(tx.Now.Add(-remember))
		if _, err := tx.Exec(`DELETE FROM moderation_crowd_message WHERE state <> 'due' AND done_at < $1`, before); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM moderation_crowd_heard WHERE at < $1`, before); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE moderation_crowd SET old_secret = '', old_until = 0 WHERE old_until > 0 AND old_until < $1`, store.Millis(tx.Now))
		return err
	})
}

// open reports whether the picture is one that crowds may judge: a frame that waits,
// never a photograph of the feed.
func open(p picture.Picture) bool { return p.State == picture.Waiting && !p.Photo() }
