package moderation

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"oneframe/app/picture"
)

// queue is the waiting frames in memory, in the order in which they are handed out,
// and what lies open before whom. It is made of the database and nothing is lost with it.
type queue struct {
	asked atomic.Int64 // calls that want to see what is committed by now

	reading sync.Mutex // held while reading on; guards done
	done    int64      // calls that have been served

	mu      sync.Mutex // guards what follows
	seq     int64      // of the register's log, up to which this is
	filled  bool
	frames  map[picture.ID]*entry
	by      [][]*entry // by the number of judgments, each in the order of the frames' ids
	open    map[Judge]page
	judges  map[Judge]*person
	gold    []*entry
	goldNew bool // the gold has changed since
}

// entry is a frame that waits.
type entry struct {
	pic     picture.Picture
	given   int     // judgments that count
	wanted  int     // judgments that it takes, as far as is known
	blurred bool    // somebody saw nudity
	judged  []Judge // by whom, whether it counts or not
	sender  Judge   // a volunteer; "" where it came with an account
	open    []lease
}

// lease is a judge before whom a frame lies open.
type lease struct {
	judge Judge
	until time.Time
}

// page is what lies open before a judge.
type page struct {
	frames []picture.ID
	at     time.Time
}

// person is what is known of a judge who comes for pages.
type person struct {
	same []Judge             // see same
	seen map[picture.ID]bool // gold that they answered
	gold record
}

// peopleMax bounds how many judges are remembered; they are read again when they come.
const peopleMax = 20_000

func (e *entry) id() picture.ID { return e.pic.ID }

func byID(a, b *entry) int { return strings.Compare(string(a.id()), string(b.id())) }

// put adds a frame, or what is new about one; the caller holds mu.
func (q *queue) put(e *entry) {
	if old := q.frames[e.id()]; old != nil {
		e.open = old.open
		q.take(old.id())
	}
	q.frames[e.id()] = e
	q.shelve(e)
}

func (q *queue) shelve(e *entry) {
	for len(q.by) <= e.given {
		q.by = append(q.by, nil)
	}
	at, _ := slices.BinarySearchFunc(q.by[e.given], e, byID)
	q.by[e.given] = slices.Insert(q.by[e.given], at, e)
}

func (q *queue) unshelve(e *entry) {
	if at, found := slices.BinarySearchFunc(q.by[e.given], e, byID); found {
		q.by[e.given] = slices.Delete(q.by[e.given], at, at+1)
	}
}

// take takes a frame out; the caller holds mu.
func (q *queue) take(id picture.ID) {
	if e := q.frames[id]; e != nil {
		q.unshelve(e)
		delete(q.frames, id)
	}
}

// others counts the other judges before whom the frame lies open.
func (e *entry) others(j Judge, now time.Time) (n int) {
	e.open = slices.DeleteFunc(e.open, func(l lease) bool { return !now.Before(l.until) })
	for _, l := range e.open {
		if l.judge != j {
			n++
		}
	}
	return n
}

// forbidden reports whether the judge has judged the frame, or sent it.
func (e *entry) forbidden(j Judge, who *person) bool {
	return slices.Contains(e.judged, j) || own(who.same, e.pic.Account, e.sender)
}

// choose gives up to n frames: first those that lie open before nobody else; then those
// that still want judgments when everybody has judged what lies open before them; then
// the rest. Each kind with the most judged first, then the oldest. The caller holds mu.
func (q *queue) choose(j Judge, who *person, n int, now time.Time) []*entry {
	var free, short, rest []*entry
	for given := len(q.by) - 1; given >= 0; given-- {
		for _, e := range q.by[given] {
			if e.forbidden(j, who) {
				continue
			}
			switch others := e.others(j, now); {
			case others == 0:
				if free = append(free, e); len(free) == n {
					return free
				}
			case e.given+others < e.wanted && len(short) < n:
				short = append(short, e)
			case len(rest) < n:
				rest = append(rest, e)
			}
		}
	}
	all := append(append(free, short...), rest...)
	return all[:min(n, len(all))]
}

// lay opens a page before the judge, in place of the one before; the caller holds mu.
// Frames before a judge who doesn't count (shared is false) stay free for others.
func (q *queue) lay(j Judge, frames []*entry, now time.Time, lasts time.Duration, shared bool) {
	q.close(j)
	if !shared {
		frames = nil
	}
	p := page{at: now}
	for _, e := range frames {
		e.open = append(e.open, lease{j, now.Add(lasts)})
		p.frames = append(p.frames, e.id())
	}
	if len(q.open) >= peopleMax {
		maps.DeleteFunc(q.open, func(_ Judge, p page) bool { return now.Sub(p.at) > lasts })
	}
	q.open[j] = p
}

// close takes what lies open before the judge away; the caller holds mu.
func (q *queue) close(j Judge) {
	for _, id := range q.open[j].frames {
		if e := q.frames[id]; e != nil {
			e.open = slices.DeleteFunc(e.open, func(l lease) bool { return l.judge == j })
		}
	}
	delete(q.open, j)
}

// unseen gives a gold frame that the judge hasn't seen, drawn by lot, nil where there is
// none; the caller holds mu.
func (q *queue) unseen(j Judge, who *person) *entry {
	var left []*entry
	for _, g := range q.gold {
		if !who.seen[g.id()] && !g.forbidden(j, who) {
			left = append(left, g)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left[rand.IntN(len(left))]
}

// judged takes over what a sitting changed, after it was committed.
func (q *queue) judged(j Judge, changes []change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range changes {
		if who := q.judges[j]; c.gold && who != nil && !who.seen[c.frame] {
			who.seen[c.frame] = true
			who.gold.seen++
			who.gold.right += flag(c.right)
		}
		e := q.frames[c.frame]
		switch {
		case e == nil || c.gold:
		case c.outcome.State != picture.Waiting:
			q.take(c.frame)
		default:
			q.unshelve(e)
			e.open = slices.DeleteFunc(e.open, func(l lease) bool { return l.judge == j })
			e.given, e.wanted, e.blurred = c.outcome.Judgments, c.outcome.Wanted, c.outcome.Blurred
			if !slices.Contains(e.judged, j) {
				e.judged = append(e.judged, j)
			}
			q.shelve(e)
		}
	}
}

// paceMax is the longest time for one answer that says something of a judge's pace.
const paceMax = 2 * time.Minute

// spent gives how long the judge took for these answers, 0 where it isn't known.
func (q *queue) spent(j Judge, js []Judgment, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, open := q.open[j]
	d := now.Sub(p.at)
	if !open || len(js) == 0 || d <= 0 || d > time.Duration(len(js))*paceMax {
		return 0
	}
	p.at = now // answers may come in parts
	q.open[j] = p
	return d
}

// sent notes who sent a frame that may be waiting by now.
func (q *queue) sent(frame picture.ID, by Judge) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.frames[frame]; e != nil {
		e.sender = by
	}
}

// forget has what is known of the judges read again.
func (q *queue) forget(js ...Judge) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range js {
		delete(q.judges, j)
	}
}

// goldChanged has the gold read again.
func (q *queue) goldChanged() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.goldNew = true
}
