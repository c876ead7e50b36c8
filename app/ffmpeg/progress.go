package ffmpeg

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watchdog reads progress and stops a job that makes none.
type watchdog struct {
	after time.Duration
	stop  context.CancelCauseFunc
	tell  func(Progress)
}

// read follows the blocks of "key=value" lines that -progress writes, each closed by
// progress=continue or progress=end, to the end of the stream.
func (d watchdog) read(r io.Reader) (last Progress) {
	if d.after > 0 {
		timer := time.AfterFunc(d.after, func() { d.stop(ErrStalled) })
		defer timer.Stop()
		tell := d.tell
		var seen Progress
		d.tell = func(p Progress) {
			if p != seen {
				seen = p
				timer.Reset(d.after)
			}
			if tell != nil {
				tell(p)
			}
		}
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		key, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		last.take(key, value)
		if key == "progress" && d.tell != nil {
			d.tell(last)
		}
	}
	return last
}

// take reads one line; ffmpeg writes N/A for what it doesn't know yet, and that changes nothing.
func (p *Progress) take(key, value string) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return
	}
	switch key {
	case "frame":
		p.Frames = n
	case "out_time_us":
		p.Time = max(p.Time, time.Duration(n)*time.Microsecond)
	}
}

// tail keeps the last max bytes that were written to it.
type tail struct {
	max int

	mu  sync.Mutex // guards buf
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.buf), "�")
}

// lastLine gives the last line that says something.
func (t *tail) lastLine() string {
	s := strings.TrimSpace(t.String())
	return s[strings.LastIndexByte(s, '\n')+1:]
}
