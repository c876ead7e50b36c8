package deliver

import (
	"reflect"
	"slices"
	"time"

	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/picture"
)

// line is what the office knows of one subscriber. Office.mu guards it.
type line struct {
	subscriber string
	ready      ready // at the last look
	dest       Destination
	known      bool // there is a destination
	paused     bool
	touched    time.Time // the pause's row

	hours    pace.Hours
	minute   pace.Minute
	throttle pace.Throttle
	breaker  pace.Breaker
	back     bool      // it was down and isn't any more; the clerk doesn't know yet
	busy     int       // answers in a row that asked for patience
	patience time.Time // until when
	full     time.Time // the daily cap is used up until then
	short    bool      // it may be, once what is under way has ended

	jobs     []*job // claimed, to be begun in this order
	pictures map[picture.ID]bool
	held     int // claimed, until that is written down
	flying   int // couriers
	idle     []*conn

	batch   int // how many to claim at once
	claimed time.Time
}

// job is a delivery, or a recall of one, that was claimed. Its until belongs to the
// clerk; the rest doesn't change.
type job struct {
	line     *line
	id       string // the row's
	recall   bool
	delivery Delivery // only ID, Picture, Subscriber, Version and what orders them; of a recall only ID and Picture
	ahead    bool
	attempts int
	until    int64 // of the claim, which is ours as long as the row has it
}

// rank is what goes first within a line.
func (j *job) rank() int {
	switch {
	case j.recall:
		return 0
	case j.ahead:
		return 1
	}
	return 2
}

// conn is a kept connection, used by one courier at a time.
type conn struct {
	subscriber string
	sender     send.Sender
	changed    time.Time // of the destination that it leads to
	since      time.Time // without work
}

const (
	batchMost = 256
	soon      = 500 * time.Millisecond // a batch should last about so long
)

// line gives a subscriber's line. The caller holds mu.
func (o *Office) line(subscriber string) *line {
	l := o.lines[subscriber]
	if l == nil {
		l = &line{subscriber: subscriber, pictures: map[picture.ID]bool{}, hours: pace.Hours{Zone: time.UTC}}
		o.lines[subscriber] = l
		o.ring = append(o.ring, l)
	}
	return l
}

// adopt takes over what the destination is now. One that is new, or was opened again, is
// tried at once.
func (l *line) adopt(d Destination, now time.Time) {
	if l.known && reflect.DeepEqual(l.dest, d) {
		return
	}
	if !l.known || !d.Changed.Equal(l.dest.Changed) || l.dest.Failed && !d.Failed {
		l.forgive()
	}
	l.dest, l.known = d, true
	l.minute.Limit(now, d.Limits.PerMinute)
	l.throttle.Limit(d.Limits.BytesPerSecond)
	l.hours = d.Limits.hours()
	l.full = time.Time{}
}

// heed takes over whether the subscriber is paused.
func (l *line) heed(p pause) {
	l.paused = p.paused
	if !l.touched.Equal(p.changed) {
		l.touched = p.changed
		l.forgive()
	}
}

// forgive forgets that the destination was down or busy.
func (l *line) forgive() {
	l.breaker, l.busy, l.patience = pace.Breaker{}, 0, time.Time{}
}

// connections is how many the subscriber allows.
func (l *line) connections() int {
	if l.dest.Limits.Connections > 0 {
		return l.dest.Limits.Connections
	}
	return 2
}

// hours reads the hours of the limits, which were checked when they were set.
func (l Limits) hours() pace.Hours {
	h := pace.Hours{Zone: l.zone()}
	for _, x := range l.Hours {
		from, err := time.Parse("15:04", x.From)
		until, err2 := time.Parse("15:04", x.Until)
		if err == nil && err2 == nil {
			h.Stretches = append(h.Stretches, pace.Stretch{From: from.Hour()*60 + from.Minute(), Until: until.Hour()*60 + until.Minute()})
		}
	}
	return h
}

// ask is what to claim for a subscriber.
type ask struct {
	line                    *line
	recalls, ahead, regular int // at most
	perDay                  int // the daily cap; 0 means none

	full, short bool // what take found: the cap is used up, or would be by what is under way
}

func (a ask) any() bool { return a.recalls+a.ahead+a.regular > 0 }

// Why a subscriber that has something waiting is not sent it now; "" where it is.
const (
	WhyNowhere = "no destination"
	WhyFailed  = "failed"
	WhyPaused  = "paused"
	WhyDown    = "down"
	WhyBusy    = "busy"
	WhyHours   = "hours"
	WhyDay     = "per day"
	WhyMinute  = "per minute"
)

// blocked says why nothing at all may be begun now, where others are under way, and until
// when where that is known.
func (l *line) blocked(now time.Time, others int) (why string, next time.Time) {
	switch {
	case !l.known:
		return WhyNowhere, next
	case l.dest.Failed:
		return WhyFailed, next
	case now.Before(l.patience):
		return WhyBusy, l.patience
	}
	if n, next := l.breaker.Allow(now, others); n == 0 {
		return WhyDown, next
	}
	return "", next
}

// ask says what to claim now; where a limit is in the way, why and until when.
func (l *line) ask(now time.Time) (a ask, why string, next time.Time) {
	a.line = l
	if why, next = l.blocked(now, l.flying+len(l.jobs)); why != "" {
		return a, why, next
	}
	if n, _ := l.breaker.Allow(now, 0); n == 1 {
		return l.probe(now)
	}
	batch := max(l.batch, l.connections())
	a.recalls = some(l.ready.recalls && len(l.jobs) < 2*batch, batch)
	if l.paused {
		return a, WhyPaused, next
	}
	a.ahead = some(l.ready.ahead && len(l.jobs) < 2*batch, batch)
	if l.ready.waiting && len(l.jobs) <= batch/2 {
		a.regular, why, next = l.limited(now, batch-len(l.jobs))
		a.perDay = l.dest.Limits.PerDay
	}
	return a, why, next
}

// probe asks for one thing, to see whether the destination is back.
func (l *line) probe(now time.Time) (a ask, why string, next time.Time) {
	a.line, a.perDay = l, l.dest.Limits.PerDay
	switch {
	case l.ready.recalls:
		a.recalls = 1
	case l.paused:
		return a, WhyPaused, next
	case l.ready.ahead:
		a.ahead = 1
	case l.ready.waiting:
		a.regular, why, next = l.limited(now, 1)
	}
	return a, why, next
}

func some(are bool, n int) int {
	if are {
		return n
	}
	return 0
}

// limited says how many of n that are not on demand may go now.
func (l *line) limited(now time.Time, n int) (int, string, time.Time) {
	if !l.hours.Open(now) {
		return 0, WhyHours, l.hours.Next(now)
	}
	if now.Before(l.full) {
		return 0, WhyDay, l.full
	}
	if l.short {
		return 0, WhyDay, time.Time{}
	}
	m, next := l.minute.Allow(now)
	if m == 0 {
		return 0, WhyMinute, next
	}
	return min(n, m), "", time.Time{}
}

// took notes what a claim brought, and learns how much to claim at once: a batch should
// be through in about half a second, so that a change of mind, or of priority, counts soon.
func (l *line) took(a ask, got []*job, now time.Time) {
	recalls, ahead := 0, 0
	for _, j := range got {
		switch j.rank() {
		case 0:
			recalls++
		case 1:
			ahead++
		}
	}
	l.ready.recalls = l.ready.recalls && recalls >= a.recalls
	if a.ahead > 0 {
		l.ready.ahead = ahead >= a.ahead
	}
	if regular := len(got) - recalls - ahead; a.regular > 0 {
		l.ready.waiting = regular >= a.regular
		l.minute.Take(regular)
	}
	if l.short = a.short && !a.full; a.full {
		l.full = l.hours.Midnight(now)
	}
	least := 2 * l.connections()
	switch past := now.Sub(l.claimed); {
	case len(l.jobs) == 0 && past < soon:
		l.batch = min(2*max(l.batch, least), batchMost)
	case past > 4*soon:
		l.batch = max(l.batch/2, least)
	default:
		l.batch = max(l.batch, least)
	}
	l.claimed = now
	l.jobs = append(l.jobs, got...)
	slices.SortStableFunc(l.jobs, func(a, b *job) int { return a.rank() - b.rank() })
}

// begin takes the first job that can be begun, where others are under way: what concerns
// one picture is done in turn, the one written down before the next is begun.
func (l *line) begin(now time.Time, others int) *job {
	if why, _ := l.blocked(now, others); why != "" {
		return nil
	}
	for i, j := range l.jobs {
		if !l.pictures[j.delivery.Picture] && (j.recall || !l.paused) {
			l.jobs = slices.Delete(l.jobs, i, i+1)
			l.pictures[j.delivery.Picture] = true
			return j
		}
	}
	return nil
}

// giveUp takes the jobs out that may not be begun any more, for the clerk to put back.
func (l *line) giveUp(now time.Time) (back []*job) {
	why, _ := l.blocked(now, l.flying)
	if why == "" && !l.paused {
		return nil
	}
	l.jobs = slices.DeleteFunc(l.jobs, func(j *job) bool {
		if why == "" && j.recall {
			return false
		}
		back = append(back, j)
		return true
	})
	return back
}

// day is today's date where the subscriber is.
func (l *line) day(now time.Time) string { return Day(now, l.hours.Zone) }
