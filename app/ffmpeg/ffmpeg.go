// Package ffmpeg runs ffmpeg and ffprobe: with progress, a deadline, a watchdog and a
// sure end, and with what they may read narrowed down for files that strangers sent.
//
// Jobs are graphs of github.com/u2takey/ffmpeg-go. A graph is turned into arguments by
// its GetArgs and started here, because its Compile prints every command through a
// package-wide switch, ignores its options and can't be told how to stop.
//
// ffmpeg's exit code says little: it is 0 for a file that was cut in half. A caller
// judges a job by the frames in its Result, or counts what came out.
package ffmpeg

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"oneframe/app/fault"
)

// Tool is where the two programs lie.
type Tool struct{ FFmpeg, FFprobe string }

const (
	install = "Install it with \"apt-get install ffmpeg\" (Debian, Ubuntu) or \"brew install ffmpeg\" (macOS), or get it from https://ffmpeg.org/download.html."

	findLimit          = 20 * time.Second
	oldMajor, oldMinor = 5, 1 // the first with -fps_mode, and Debian 12's
)

// Find looks for both programs in PATH, and for what the site needs of them: libx264,
// aac, zscale and tonemap, in version 5.1 or newer. Its errors have the code no_ffmpeg
// and say what to install.
func Find() (Tool, error) {
	var t Tool
	var err error
	if t.FFmpeg, err = exec.LookPath("ffmpeg"); err != nil {
		return Tool{}, fault.Wrap(err, fault.Internal, "no_ffmpeg", "The program ffmpeg is not installed. %s", install)
	}
	if t.FFprobe, err = exec.LookPath("ffprobe"); err != nil {
		return Tool{}, fault.Wrap(err, fault.Internal, "no_ffmpeg", "The program ffprobe, a part of ffmpeg, is not installed. %s", install)
	}
	ctx, cancel := context.WithTimeout(context.Background(), findLimit)
	defer cancel()
	if err := t.check(ctx); err != nil {
		return Tool{}, err
	}
	return t, nil
}

// check asks the program for its version and its parts.
func (t Tool) check(ctx context.Context) error {
	version, err := t.ask(ctx, "-version")
	if err != nil {
		return err
	}
	if tooOld(version) {
		first, _, _ := strings.Cut(version, "\n")
		return fault.New(fault.Internal, "no_ffmpeg", "The installed ffmpeg is too old (%s): %d.%d or newer is needed. %s",
			first, oldMajor, oldMinor, install)
	}
	encoders, err := t.ask(ctx, "-encoders")
	if err != nil {
		return err
	}
	filters, err := t.ask(ctx, "-filters")
	if err != nil {
		return err
	}
	missing := append(lacking(encoders, "libx264", "aac", "mjpeg"), lacking(filters, "zscale", "tonemap")...)
	if len(missing) > 0 {
		return fault.New(fault.Internal, "no_ffmpeg", "The installed ffmpeg was built without %s, which are needed (libx264, aac, mjpeg, zscale, tonemap). %s",
			strings.Join(missing, " and "), install)
	}
	return nil
}

func (t Tool) ask(ctx context.Context, question string) (string, error) {
	out, err := exec.CommandContext(ctx, t.FFmpeg, "-hide_banner", question).Output()
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "no_ffmpeg", "The program %s does not run. %s", t.FFmpeg, install)
	}
	return string(out), nil
}

// lacking gives the names that are not the second word of any line of the list.
func lacking(list string, names ...string) (missing []string) {
	has := map[string]bool{}
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) > 1 {
			has[f[1]] = true
		}
	}
	for _, n := range names {
		if !has[n] {
			missing = append(missing, n)
		}
	}
	return missing
}

// tooOld reads "ffmpeg version 5.1.9-0+deb12u1 …"; a build without a number, as the
// nightly ones are, is taken for new.
func tooOld(version string) bool {
	m := regexp.MustCompile(`version n?(\d+)\.(\d+)`).FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, err1 := strconv.Atoi(m[1])
	minor, err2 := strconv.Atoi(m[2])
	return err1 == nil && err2 == nil && (major < oldMajor || major == oldMajor && minor < oldMinor)
}
