// Package moderation turns people's judgments into a verdict on each frame, and lets
// a moderator have the last word.
//
//	picture.Ready          ───────────────► waiting
//	waiting                ─Judge, enough─► accepted | rejected | undecided, by the crowd
//	waiting, any verdict   ─Settle────────► accepted | rejected, by a moderator
//	a moderator's verdict  ─Undo──────────► waiting, where the judgments are too few,
//	                                        else what they say, by the crowd
//	the crowd's verdict    ─retally───────► waiting, or what the judgments say that still
//	                                        count, after a judge's stopped counting
//
// The states are picture's, which keeps the slot in step; here lie the judgments and
// the decisions that came of them. Judgments outlive every decision, so that one can be
// taken back.
//
// Judges are accounts, volunteers, and workers of outside crowds. Every page holds a
// frame whose right answer is known, gold, and a judge's trust is the smoothed share of
// gold that they answered right; Tally weighs by it.
//
// The queue of waiting frames, and which of them lie open before whom, is in memory: a
// Desk makes it of the register and the judgments, and reads on in the register's log
// whenever it is asked for a page, so a crash loses nothing but the open pages. Open
// frames are short leases: they spread frames over different judges and are only a
// preference. A frame is never refused for being open before somebody else.
package moderation

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Judge is the id of who judges or decides: "account:" and an account's id,
// "volunteer:" and what stands for their browser's secret, or "crowd:", an outside
// crowd's name, ":" and its worker.
type Judge string

// Everybody stands for everybody's judgments together, where a decision names who made it.
const Everybody Judge = "crowd"

const (
	accountPrefix   = "account:"
	volunteerPrefix = "volunteer:"
	crowdPrefix     = "crowd:"
	judgeMax        = 200 // bytes of an id
)

// ByAccount is the judge that an account is.
func ByAccount(id string) Judge { return Judge(accountPrefix + id) }

// ByWorker is the judge that an outside crowd's worker is. The crowd's name holds no colon.
func ByWorker(crowd, worker string) Judge { return Judge(crowdPrefix + crowd + ":" + worker) }

// Account gives the id of the account that the judge is, or "" where it is none.
func (j Judge) Account() string {
	id, ok := strings.CutPrefix(string(j), accountPrefix)
	if !ok {
		return ""
	}
	return id
}

// Volunteer reports whether the judge came without an account.
func (j Judge) Volunteer() bool { return strings.HasPrefix(string(j), volunteerPrefix) }

// Worker gives the outside crowd and its worker that the judge is; ok is false where it is none.
func (j Judge) Worker() (crowd, worker string, ok bool) {
	rest, ok := strings.CutPrefix(string(j), crowdPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// check refuses whoever has no id, and whoever takes the crowd's.
func (j Judge) check() error {
	if j == "" || j == Everybody {
		return fault.New(fault.Denied, "no_judge", "Please say who you are before you judge.")
	}
	odd := strings.ContainsFunc(string(j), unicode.IsControl)
	if len(j) > judgeMax || odd || !utf8.ValidString(string(j)) {
		return fault.New(fault.Invalid, "bad_judge", "A judge's name has at most %d bytes and no control characters.", judgeMax)
	}
	return nil
}

// Judgment is one person's answer about one frame.
type Judgment struct {
	Frame    picture.ID
	Nudity   bool // it shows nudity
	Trying   bool // it shows somebody trying the pose
	Likeness int  // how alike the pose is, 1 to 5; may be 0 where there is nudity or nobody trying
}

// fine reports whether the judgment has nothing against the frame.
func (j Judgment) fine() bool { return j.Trying && !j.Nudity }

func (j Judgment) validLikeness() bool {
	least := 0
	if j.fine() {
		least = 1
	}
	return j.Likeness >= least && j.Likeness <= 5
}

// PageMax is the most frames that a judge is given at once.
const PageMax = 18

// Desk is where frames are judged and settled. Who may is the caller's to check, but for
// volunteers. Its methods may be called from any goroutine; its fields don't change
// after the first call. A Desk is used by its pointer, one for a database.
type Desk struct {
	DB         *store.DB
	Judgments  int           // that a verdict takes at least; 3 where it is 0
	Most       int           // after so many without a verdict a moderator decides; 10 where it is 0
	Confidence float64       // that a verdict takes; 0.8 where it is 0
	MinTrust   float64       // below it a judge's judgments don't count; 0.7 where it is 0
	Lease      time.Duration // how long a page lies open before a judge; 5 minutes where it is 0
	Patience   time.Duration // after so long without a judgment a moderator decides; 24 hours where it is 0
	Open       bool          // volunteers may judge without a link too

	queue queue
}

// least is how many judgments a verdict takes at least.
func (d *Desk) least() int { return or(d.Judgments, 3) }

func (d *Desk) lease() time.Duration { return or(d.Lease, 5*time.Minute) }

func (d *Desk) minTrust() float64 { return or(d.MinTrust, 0.7) }

// rules are how a frame is tallied on a site where likeness is mean on the whole.
func (d *Desk) rules(mean float64) Rules {
	return Rules{Least: d.least(), Most: max(or(d.Most, 10), d.least()), Confidence: or(d.Confidence, 0.8),
		MinTrust: d.minTrust(), Mean: mean}
}

// or gives what is set, else the default.
func or[T comparable](set, otherwise T) T {
	var zero T
	if set == zero {
		return otherwise
	}
	return set
}

// flag is a truth as the tables keep it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
