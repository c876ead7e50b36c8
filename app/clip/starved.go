package clip

import (
	"errors"
	"slices"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/ffmpeg"
)

// starved says of an ffmpeg that ended, by what it said, whether the machine let it down: a
// full disk, too little memory, or a signal that was not ours, which as a rule comes from
// the kernel when memory runs out. nil where it did not. ffmpeg's exit code may be 0 with a
// full disk.
func starved(err error, said string) error {
	var gaveUp *ffmpeg.Failed
	switch {
	case mentions(said, "No space left on device", "Disk quota exceeded"):
		return fault.Wrap(err, fault.Full, "disk_full", "The site's disk is full: the clip could not be encoded.")
	case err != nil && mentions(said, "Cannot allocate memory", "malloc of size", "cannot allocate memory", "Out of memory"):
		return fault.Wrap(err, fault.Internal, "no_memory", "The machine has too little memory free to encode the clip.")
	case errors.As(err, &gaveUp) && gaveUp.Code < 0:
		return fault.Wrap(err, fault.Internal, "ffmpeg_killed", "ffmpeg was killed while it worked on the clip: most often because the machine had run out of memory.")
	default:
		return nil
	}
}

// isStarved recognises starved's errors.
func isStarved(err error) bool {
	return fault.Has(err, "disk_full") || fault.Has(err, "no_memory") || fault.Has(err, "ffmpeg_killed")
}

func mentions(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
