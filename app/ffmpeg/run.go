package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
)

// Job is one run of ffmpeg.
type Job struct {
	Graph  *ffmpeg_go.Stream // a built Output, MergeOutputs or GlobalArgs
	Stdout io.Writer         // for an output "pipe:1"
	Limit  time.Duration     // after which it is stopped; 0 for no limit
	Stall  time.Duration     // without progress after which it is stopped; 0 for never
	Nice   int               // how far it gives way to other work, 0 to 19; Linux only

	// Stdin is read for an input "pipe:0". One whose Read may block, such as an
	// *io.PipeReader, must be an io.Closer: Run closes it when ffmpeg has ended, so that
	// whoever writes to it learns that nobody reads any more.
	Stdin io.Reader

	// Progress is called about twice a second, and at the end, from one goroutine at a
	// time, before Run returns.
	Progress func(Progress)
}

// Progress is how far a job has come: frames written to its first video output, and the
// latest time written to any output.
type Progress struct {
	Frames int64
	Time   time.Duration
}

// Result is what came of a job. It is filled as far as things came, also with an error.
type Result struct {
	Frames int64         // written to the first video output
	Time   time.Duration // the latest written to any output
	Log    string        // what ffmpeg said at -loglevel warning; of a long one the last 64 kB
}

// ErrStalled is in the chain of a Run's error that was stopped because of Job.Stall.
var ErrStalled = errors.New("it made no progress")

// Failed is in the chain of a Run's error where ffmpeg itself gave up.
type Failed struct {
	Code int    // its exit code; -1 where a signal that was not ours ended it
	Said string // the last line of its log
}

func (e *Failed) Error() string {
	if e.Code < 0 {
		return strings.TrimSpace("ffmpeg was ended by a signal " + e.Said)
	}
	return fmt.Sprintf("ffmpeg ended with code %d: %s", e.Code, e.Said)
}

const (
	logMax    = 64 << 10
	graceTime = 5 * time.Second // between SIGTERM and SIGKILL
)

// Run does the job. A job that is stopped gets SIGTERM, upon which ffmpeg closes its
// files, and five seconds later SIGKILL; on Linux it dies with its parent.
//
// The error's chain holds context.Canceled where ctx was cancelled,
// context.DeadlineExceeded where Limit or ctx's own deadline passed, ErrStalled where the
// watchdog stopped it, else *Failed where ffmpeg gave up. It never panics, though
// ffmpeg-go does.
func (t Tool) Run(ctx context.Context, j Job) (Result, error) {
	args, err := arguments(j.Graph)
	if err != nil {
		return Result{}, err
	}
	if j.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.Limit)
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	cmd := exec.CommandContext(ctx, t.FFmpeg, args...)
	said := &tail{max: logMax}
	cmd.Stdout, cmd.Stderr = j.Stdout, said
	last, err := yielding(j.Nice, func() (Progress, error) {
		return watched(cmd, j.Stdin, watchdog{after: j.Stall, stop: stop, tell: j.Progress})
	})
	res := Result{Frames: last.Frames, Time: last.Time, Log: said.String()}
	if err != nil && ctx.Err() != nil {
		return res, fmt.Errorf("ffmpeg was stopped: %w", context.Cause(ctx))
	}
	return res, failure(err, said)
}

// yielding calls f on a thread of that niceness, which what f starts inherits. The thread
// is left to end with its goroutine: without privileges none becomes less nice again.
func yielding(nice int, f func() (Progress, error)) (p Progress, err error) {
	if nice == 0 {
		return f()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = beNice(nice); err == nil {
			p, err = f()
		}
	}()
	<-done
	return p, err
}

// arguments compiles the graph, whose mistakes ffmpeg-go answers with panics.
func arguments(graph *ffmpeg_go.Stream) (args []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the ffmpeg graph can't be compiled: %v", r)
		}
	}()
	if graph == nil {
		return nil, errors.New("the ffmpeg graph can't be compiled: there is none")
	}
	ours := []string{"-hide_banner", "-nostdin", "-loglevel", "warning", "-progress", "pipe:3", "-y"}
	return append(ours, graph.GetArgs()...), nil
}

// watched runs the command, fed from stdin where there is one and with its third extra
// descriptor read as progress, and gives the last of it. The thread is kept because Linux
// kills the child when the thread that forked it ends, which for a Go program may be
// before its process does.
func watched(cmd *exec.Cmd, stdin io.Reader, dog watchdog) (Progress, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, w, err := os.Pipe()
	if err != nil {
		return Progress{}, err
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w}
	cmd.WaitDelay = graceTime
	cmd.SysProcAttr = attributes()
	fed, err := feed(cmd, stdin)
	if err != nil {
		return Progress{}, errors.Join(err, w.Close())
	}
	err = cmd.Start()
	if err := errors.Join(err, w.Close()); err != nil {
		return Progress{}, fmt.Errorf("start ffmpeg: %w", err)
	}
	told := make(chan Progress, 1)
	go func() { told <- dog.read(r) }()
	unread := fed()
	err = cmd.Wait()
	return <-told, errors.Join(err, unread())
}

// feed connects the input. The first function starts the copying, and what it gives ends
// it and gives the input's own error. os/exec would do the copying too, but then waits
// for ever for an input that says nothing when the program has ended.
func feed(cmd *exec.Cmd, stdin io.Reader) (start func() (end func() error), err error) {
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	if stdin == nil {
		return func() func() error { return func() error { return nil } }, nil
	}
	w, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	cmd.Cancel = func() error {
		err := terminate(cmd.Process)
		_ = w.Close() // ffmpeg hears SIGTERM only after the read that it is in
		return err
	}
	return func() func() error {
		copied := make(chan error, 1)
		go func() {
			source := &remember{r: stdin}
			_, _ = io.Copy(w, source) // a write fails only where ffmpeg wants no more
			_ = w.Close()             // closed already where ffmpeg has ended
			copied <- source.err
		}()
		return func() error {
			if c, ok := stdin.(io.Closer); ok {
				_ = c.Close() // what it would say is no concern of the job's
			}
			return <-copied
		}
	}, nil
}

// remember keeps an error of reading apart from one of writing.
type remember struct {
	r   io.Reader
	err error
}

func (m *remember) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		m.err = fmt.Errorf("read ffmpeg's input: %w", err)
	}
	return n, err
}

// failure turns what Wait said into Run's error.
func failure(err error, said *tail) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return &Failed{Code: exit.ExitCode(), Said: said.lastLine()}
	default:
		return fmt.Errorf("run ffmpeg: %w", err)
	}
}
