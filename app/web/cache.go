package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"oneframe/app/clip"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// revision changes whenever something that anonymous visitors can see does: a picture's
// state, the clips, or a clip's current render or its stills. It is read again after each commit of
// this process; a commit of another one, such as a render by command, is seen a
// quarter of a second later at the latest.
func (s *Server) revision(ctx context.Context) (string, error) {
	if rev, ok := s.memory.known.get(); ok {
		return rev, nil
	}
	changed, at := s.DB.Changed(), time.Now() // before the reading, so that nothing is missed
	rev, err := s.readRevision(ctx)
	if err == nil {
		s.memory.known.put(rev, changed, at)
	}
	return rev, err
}

func (s *Server) readRevision(ctx context.Context) (rev string, err error) {
	var b strings.Builder
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		n, err := picture.Revision(tx)
		if err != nil {
			return err
		}
		fmt.Fprint(&b, n)
		videos, err := source.List(tx)
		if err != nil {
			return err
		}
		for _, v := range videos {
			r, err := current(tx, v.Slug)
			if err != nil {
				return err
			}
			st, err := clip.StillsOf(tx, v.Slug, "")
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %s %q %d %d %s %s", v.Slug, v.Title, v.Created.UnixMilli(), v.Featured.UnixMilli(), r.ID, st.Hash)
		}
		return nil
	})
	return b.String(), err
}

// quick is a level of gzip that takes a third of the default's time for as few bytes.
const quick = 5

// unheard is how long a revision is believed without a word of the database.
const unheard = 250 * time.Millisecond

// known is the revision that was read last.
type known struct {
	mu      sync.Mutex // guards what follows
	rev     string
	changed <-chan struct{} // closed once it may be stale
	at      time.Time
}

func (k *known) get() (rev string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changed == nil || time.Since(k.at) > unheard {
		return "", false
	}
	select {
	case <-k.changed:
		return "", false
	default:
		return k.rev, true
	}
}

func (k *known) put(rev string, changed <-chan struct{}, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at.After(k.at) {
		k.rev, k.changed, k.at = rev, changed, at
	}
}

// bound on what the cache holds, in bytes; past it the cache begins anew, so that
// nobody can fill it with addresses of their own making and keep the home page out.
const cacheBytes = 48 << 20

// cache keeps what anonymous visitors are sent, as long as the revision is the same.
type cache struct {
	known known
	group singleflight.Group // one visitor makes a page, the others wait for it

	mu      sync.Mutex // guards what follows
	rev     string
	entries map[string]*entry
	bytes   int
}

// entry is one answer, ready to send.
type entry struct {
	content, zipped []byte
	tag, mime       string
}

func newCache() *cache { return &cache{entries: map[string]*entry{}} }

func (k *cache) get(rev, key string) *entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rev != rev {
		return nil
	}
	return k.entries[key]
}

func (k *cache) put(rev, key string, e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size := len(e.content) + len(e.zipped) + len(key) + 200
	if k.rev != rev || k.bytes+size > cacheBytes {
		k.rev, k.entries, k.bytes = rev, map[string]*entry{}, 0
	}
	k.bytes += size
	k.entries[key] = e
}

// remember answers anonymous visitors of a GET from memory, while the revision is
// that of the time the handler made the answer. Whoever has a session, or a message
// waiting, gets a fresh one.
func (s *Server) remember(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, known := s.account(c); known || s.session(c) != "" || s.hasFlash(c) {
			return next(c)
		}
		rev, err := s.revision(c.Request().Context())
		if err != nil {
			return err
		}
		key := s.base(c) + c.Request().URL.RequestURI()
		e := s.memory.get(rev, key)
		if e == nil {
			if e, err = s.make(c, next, rev, key); err != nil {
				return err
			}
		}
		return e.send(c)
	}
}

// make runs the handler once for all who wait for the same answer. It runs for the
// first of them, whose context may end before the others'; they then make their own.
func (s *Server) make(c echo.Context, next echo.HandlerFunc, rev, key string) (*entry, error) {
	ctx := c.Request().Context()
	v, err, shared := s.memory.group.Do(rev+" "+key, func() (any, error) {
		e, err := record(c, next)
		if err == nil {
			s.memory.put(rev, key, e)
		}
		return e, err
	})
	if err != nil && shared && ctx.Err() == nil {
		return record(c, next)
	}
	if err != nil {
		return nil, err
	}
	return v.(*entry), nil
}

// record runs the handler into memory. A handler that doesn't answer 200 must return
// an error instead.
func record(c echo.Context, next echo.HandlerFunc) (*entry, error) {
	real := c.Response()
	page := &recorder{header: http.Header{}}
	c.SetResponse(echo.NewResponse(page, c.Echo()))
	err := next(c)
	c.SetResponse(real)
	if err != nil {
		return nil, err
	}
	content := page.body.Bytes()
	zipped, err := zip(content, quick)
	sum := sha256.Sum256(content)
	return &entry{content, zipped, hex.EncodeToString(sum[:12]), page.header.Get("Content-Type")}, err
}

type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// send answers with the entry, or 304 where the visitor has it already.
func (e *entry) send(c echo.Context) error {
	h := c.Response().Header()
	body, tag := e.content, `"`+e.tag+`"`
	h.Set("Vary", "Accept-Encoding, Cookie")
	h.Set("Cache-Control", "no-cache")
	if e.zipped != nil && takesGzip(c.Request()) {
		body, tag = e.zipped, `"`+e.tag+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if sent := c.Request().Header.Get("If-None-Match"); sent == tag || strings.Contains(sent, tag) {
		h.Del("Content-Encoding")
		return c.NoContent(http.StatusNotModified)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, e.mime, body)
}

// hasFlash reports whether a message waits for the visitor.
func (s *Server) hasFlash(c echo.Context) bool {
	k, err := c.Cookie(s.cookieName("flash"))
	return err == nil && k.Value != ""
}

// current gives a clip's current render; the zero Render before the first.
func current(tx *store.Tx, slug string) (clip.Render, error) {
	r, err := clip.Current(tx, slug)
	if notFound(err) {
		return clip.Render{}, nil
	}
	return r, err
}
