package clip

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"oneframe/app/vault"
)

// lost is the error of a join whose units are not all there: they have to be made (again).
type lost struct {
	key   Key
	cause error
}

func (e *lost) Error() string { return fmt.Sprintf("unit %s: %v", e.key, e.cause) }
func (e *lost) Unwrap() error { return e.cause }

// joined is a clip's file.
type joined struct {
	Hash  string // SHA-256 of the file, hexadecimal
	Bytes int64
}

// join writes the clip to the path, durably: the whole file or none. A unit that turns
// out damaged is taken out of the cache, and the error is a *lost. Memory is bounded by
// the largest unit.
func join(ctx context.Context, l *layout, c cache, path string) (joined, error) {
	r, w := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := l.write(ctx, c, w)
		return errors.Join(err, w.CloseWithError(err))
	})
	sum, n := sha256.New(), new(counter)
	g.Go(func() error {
		err := vault.Durable(path, io.TeeReader(r, io.MultiWriter(sum, n)))
		return errors.Join(err, r.CloseWithError(err))
	})
	if err := g.Wait(); err != nil {
		return joined{}, err
	}
	return joined{hex.EncodeToString(sum.Sum(nil)), int64(*n)}, nil
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// write puts out the file's bytes from first to last.
func (l *layout) write(ctx context.Context, c cache, to io.Writer) error {
	head, err := l.header()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(to, 1<<20)
	if _, err := w.Write(head); err != nil {
		return err
	}
	video := pictures{layout: l, cache: c, keys: l.keys(), unit: -1}
	var heard, b []byte
	for _, k := range l.chunks {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		for i := k.first; i < k.first+k.n; i++ {
			if k.sound {
				heard, err = l.sound.sample(i, heard)
				b = heard
			} else {
				b, err = video.next()
			}
			if err == nil {
				_, err = w.Write(b)
			}
			if err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// pictures reads the video samples of a layout, unit by unit.
type pictures struct {
	*layout
	cache cache
	keys  []Key
	unit  int      // the one that is loaded
	todo  []sample // of it
	data  []byte   // of todo
	buf   []byte
}

func (p *pictures) next() ([]byte, error) {
	if len(p.todo) == 0 {
		p.unit++
		if err := p.load(); err != nil {
			return nil, err
		}
	}
	n := p.todo[0].Size
	s := p.data[:n]
	p.todo, p.data = p.todo[1:], p.data[n:]
	return s, nil
}

// load reads the unit's samples from the cache and skips those that the clip doesn't take.
func (p *pictures) load() error {
	k, h := p.keys[p.unit], p.heads[p.unit]
	data, err := p.cache.load(k, h, p.buf)
	if errors.Is(err, errCorrupt) || errors.Is(err, fs.ErrNotExist) {
		return errors.Join(&lost{k, err}, p.cache.drop(k))
	}
	if err != nil {
		return err
	}
	p.buf, p.todo = data, p.samplesOf(p.unit)
	if h.Frames == 1 {
		for _, s := range h.Samples[:p.variant[p.unit]] {
			data = data[s.Size:]
		}
	}
	p.data = data
	return nil
}
