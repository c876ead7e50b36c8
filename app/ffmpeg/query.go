package ffmpeg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"oneframe/app/fault"
)

const (
	queryLimit = 30 * time.Second
	lineMax    = 1 << 20 // bytes; a longer line of ffprobe's is no answer
)

// errGivenUp is in the chain where ffprobe was stopped by us and not by the file.
var errGivenUp = errors.New("ffprobe took too long")

// query runs ffprobe and gives each line of its answer to each, with its line end, and
// what it said on standard error back. Where it ended with an error after a part of the
// answer the lines were given all the same.
func (t Tool) query(ctx context.Context, limit time.Duration, args []string, each func(string)) (said string, err error) {
	if limit <= 0 {
		limit = queryLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errGivenUp)
	defer cancel()
	runtime.LockOSThread() // as for ffmpeg: see watched
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, t.FFprobe, args...)
	cmd.SysProcAttr = attributes()
	log := &tail{max: logMax}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start ffprobe: %w", err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		each(lines.Text())
	}
	if err := lines.Err(); err != nil {
		cancel() // nobody reads what it would go on writing
		return "", errors.Join(fmt.Errorf("read ffprobe's answer: %w", err), cmd.Wait())
	}
	err = cmd.Wait()
	if err != nil && ctx.Err() != nil {
		return "", stopped(context.Cause(ctx))
	}
	if err != nil {
		return log.String(), fmt.Errorf("ffprobe: %w: %s", err, log.lastLine())
	}
	return log.String(), nil
}

// stopped blames the file where we gave up on it: nothing sound takes that long.
func stopped(cause error) error {
	if errors.Is(cause, errGivenUp) {
		return fault.Wrap(cause, fault.Invalid, unreadable, "Looking through the file took too long: it is probably damaged.")
	}
	return fmt.Errorf("ffprobe was stopped: %w", cause)
}

// notRefused tells an error of ours, or of whoever cancelled, from one that ffprobe
// ended with because of the file.
func notRefused(err error) bool {
	var exit *exec.ExitError
	return err != nil && !errors.As(err, &exit)
}
