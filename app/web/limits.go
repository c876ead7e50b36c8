package web

import (
	"container/list"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"oneframe/app/fault"
)

// newLimits gives how often one address (one /64 of IPv6) may do what. A school class
// shares one address: forty pupils who start together, then each take a slot and send
// a picture twice a minute, and whose pages ask for something twice a second, must
// never meet a limit.
//
//	kind     at once   then
//	lease      200     2 a second
//	upload     120     2 a second
//	login       60     1 every 3 seconds: 28,800 guesses a day
//	history     20     1 every 10 seconds: earlier versions joined again; clip.Visitor has a limit for all
//	join        60     1 every 3 seconds: volunteers who begin to judge
//	judge      120     2 a second: pages of answers
//	api      1,200     100 a second
func newLimits() map[string]*limit {
	return map[string]*limit{
		"lease":   newLimit(2, 200),
		"upload":  newLimit(2, 120),
		"login":   newLimit(1.0/3, 60),
		"judge":   newLimit(2, 120),
		"join":    newLimit(1.0/3, 60),
		"history": newLimit(1.0/10, 20),
		"api":     newLimit(100, 1200),
	}
}

// maxAddresses bounds how many addresses a limit remembers; the one not seen for the
// longest is forgotten first.
const maxAddresses = 20_000

// limit counts one kind of request per address.
type limit struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex // guards what follows
	buckets map[netip.Prefix]*list.Element
	recent  *list.List // of *bucket, the latest seen first
}

type bucket struct {
	of netip.Prefix
	*rate.Limiter
}

func newLimit(perSecond rate.Limit, burst int) *limit {
	return &limit{perSecond: perSecond, burst: burst, buckets: map[netip.Prefix]*list.Element{}, recent: list.New()}
}

// wait counts a request and says how long it would have to wait: 0 means it may pass.
func (l *limit) wait(of netip.Prefix, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.bucket(of).ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d > 0 {
		r.CancelAt(now)
	}
	return d
}

func (l *limit) bucket(of netip.Prefix) *bucket {
	if e, ok := l.buckets[of]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if l.recent.Len() >= maxAddresses {
		oldest := l.recent.Remove(l.recent.Back()).(*bucket)
		delete(l.buckets, oldest.of)
	}
	b := &bucket{of, rate.NewLimiter(l.perSecond, l.burst)}
	l.buckets[of] = l.recent.PushFront(b)
	return b
}

// limited turns a request away with 429 and Retry-After where its address has made
// too many of the kind.
func (s *Server) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		kind := kindOf(c)
		if !s.Limits || kind == "" {
			return next(c)
		}
		if d := s.limits[kind].wait(neighbours(c.RealIP()), s.DB.Now()); d > 0 {
			e := fault.New(fault.Busy, "too_many_requests", "That was too often from your network; please try again in a moment.")
			e.RetryAfter = d
			return e
		}
		return next(c)
	}
}

// kindOf names the limit that a request counts against, "" for none.
func kindOf(c echo.Context) string {
	path := c.Path()
	if c.Request().Method == "POST" {
		switch {
		case path == "/api/v1/clips/:slug/leases":
			return "lease"
		case path == "/api/v1/leases/:token/frame":
			return "upload"
		case strings.HasSuffix(path, "/versions/:version/join") || strings.HasSuffix(path, "/clips/:slug/growth"):
			return "history"
		case path == "/login" || strings.HasPrefix(path, "/setup"):
			return "login"
		case path == "/j/:secret" || path == "/judge/start":
			return "join"
		case path == "/judge" || path == "/api/v1/judgments":
			return "judge"
		}
	}
	if strings.HasPrefix(c.Request().URL.Path, "/api/") || strings.HasPrefix(c.Request().URL.Path, "/hooks/") {
		return "api"
	}
	return ""
}

// neighbours is who shares a limit: one IPv4 address, or the /64 that a provider gives
// one IPv6 customer. What can't be read as an address shares one limit.
func neighbours(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
