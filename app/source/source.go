// Package source imports original videos: of whatever file a person has it makes a
// mezzanine, the sound, a poster, slots, and a reference picture for each slot.
//
// An import is a row with these states:
//
//	           ┌──────────── interrupted, or the server stops ───┐
//	           ▼                                                 │
//	Queue ──► queued ──Step──► running ──┬──► done               │
//	           │        Import ──►│      ├──► refused   the video or the request can't be taken
//	           │                  │      ├──► failed    our side, or interrupted too often
//	           └──Cancel──────────┴──────┴──► cancelled
//
// It works in the folder .import-<id> of the library and holds a lock on the file
// .import-<id>.lock, which the kernel takes from it when the process dies, however it
// dies. Finished, the folder gets the slug as its name; right after that one short
// transaction writes the video, its slots and the end of the import. Whatever is left of
// an import whose lock nobody holds is taken away by Sweep; so an import that was
// refused, cancelled or killed leaves nothing, and one that runs in another process is
// left alone.
package source

import (
	"time"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
	"oneframe/app/store"
)

// Importer imports videos. It has no state of its own; its methods may be called from
// any goroutine and any number of processes.
type Importer struct {
	DB       *store.DB
	Tool     ffmpeg.Tool
	Library  Library
	Incoming string // folder of uploaded videos that wait for their import
	Hold     int    // frames a slot covers where a request doesn't say; 0 for 2

	MaxDuration time.Duration // of a video; 0 for 30 minutes
	Tries       int           // how often an interrupted upload is begun; 0 for 3
	Stall       time.Duration // without progress after which ffmpeg is stopped; 0 for 30 s
}

// Request asks for a video to be imported.
type Request struct {
	File   string
	Slug   string  // its name in addresses: lower-case letters, digits and hyphens, at most 64
	Title  string  // at most 200 characters
	Ranges []Range // the parts that get slots; none for the whole video
	Hold   int     // frames one slot covers; 0 for the importer's
}

const (
	defaultHold        = 2
	holdMax            = 100
	defaultMaxDuration = 30 * time.Minute
	defaultTries       = 3
	defaultStall       = 30 * time.Second
)

func or[T comparable](v, otherwise T) T {
	var none T
	if v == none {
		return otherwise
	}
	return v
}

func (im *Importer) maxDuration() time.Duration { return or(im.MaxDuration, defaultMaxDuration) }

// check completes a request and refuses what can't be right whatever the video is.
func (im *Importer) check(r Request) (Request, error) {
	var err error
	if err := checkSlug(r.Slug); err != nil {
		return r, err
	}
	if r.Title, err = cleanTitle(r.Title); err != nil {
		return r, err
	}
	r.Hold = or(r.Hold, or(im.Hold, defaultHold))
	if r.Hold < 1 || r.Hold > holdMax {
		return r, fault.New(fault.Invalid, "bad_hold", "A slot covers 1 to %d frames.", holdMax)
	}
	r.Ranges = joined(r.Ranges)
	return r, nil
}
