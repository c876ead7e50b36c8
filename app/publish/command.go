package publish

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Command gives a render to any other host: it runs a program of the admin's with the
// file's path as its last argument, without a shell. Exit status 0 means that the host
// shows the file; anything else is a failure, tried again, whose last line on standard
// error the admin sees. The environment has ONEFRAME_CLIP, ONEFRAME_TITLE, ONEFRAME_RENDER,
// ONEFRAME_SHA256, and in ONEFRAME_REMOTE what the program printed as its first line when
// it last succeeded ("" at first): the video's id or address, so that it can replace it.
type Command struct {
	Title   string   // the host's name on this site
	Args    []string // program and arguments
	Timeout time.Duration
}

// Name is the host's name on this site.
func (c Command) Name() string { return c.Title }

// Move runs the program. Nothing is known of how far it had come if it was killed; it
// is run again from the start.
func (c Command) Move(ctx context.Context, job Job, u *Upload) (Next, error) {
	f, err := job.open()
	if err != nil {
		return Next{}, err
	}
	if err := f.Close(); err != nil {
		return Next{}, &fileError{err}
	}
	if len(c.Args) == 0 {
		return Next{}, trouble(Locked, "publish.command is empty.")
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = time.Hour
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out, log tail
	cmd := exec.CommandContext(limited, c.Args[0], append(c.Args[1:len(c.Args):len(c.Args)], job.Path)...)
	cmd.Env = append(os.Environ(), "ONEFRAME_CLIP="+job.Clip, "ONEFRAME_TITLE="+clean(job.Title), "ONEFRAME_RENDER="+job.Render,
		"ONEFRAME_SHA256="+job.Hash, "ONEFRAME_REMOTE="+u.Remote)
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.WaitDelay = 5 * time.Second // for what a killed program's children hold open
	apart(cmd)
	err = cmd.Run()
	if limited.Err() != nil && ctx.Err() == nil {
		return Next{}, passing(0, "The command was ended: it took longer than %s.", timeout)
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // which says that it left something running behind
		return Next{}, failure(err, &log)
	}
	if line := out.first(); line != "" {
		u.Remote = line
		if a, err := url.Parse(line); err == nil && (a.Scheme == "https" || a.Scheme == "http") && a.Host != "" {
			u.Page = line
		}
	}
	return Next{Done: true}, nil
}

// failure says how the program ended, or that it can't be run at all.
func failure(err error, log *tail) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		return &Trouble{Severity: Locked, Message: "The command can't be run.", Cause: err}
	}
	words := log.last()
	if words == "" {
		words = "it said nothing"
	}
	return &Trouble{Severity: Passing, Message: "The command failed: " + words, Cause: err}
}

// clean takes out what an environment can't hold.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// tail keeps the first and the last 4 kB of what a program writes.
type tail struct{ head, rest []byte }

const tailMax = 4 << 10

// Write keeps what there is room for.
func (t *tail) Write(p []byte) (int, error) {
	n := min(len(p), tailMax-len(t.head))
	t.head = append(t.head, p[:n]...)
	t.rest = append(t.rest, p...)
	if over := len(t.rest) - tailMax; over > 0 {
		t.rest = append(t.rest[:0], t.rest[over:]...)
	}
	return len(p), nil
}

// first is the first line.
func (t *tail) first() string {
	line, _, _ := bytes.Cut(t.head, []byte("\n"))
	return short(string(line))
}

// last is the last line that isn't empty.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.rest)), "\n")
	return short(lines[len(lines)-1])
}
