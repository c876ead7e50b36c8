// Package moderation turns people's judgments into a verdict on each frame, and lets
// a moderator have the last word.
//
//	picture.Ready          ───────────────► waiting
//	waiting                ─Judge, enough─► accepted | rejected | undecided, by the crowd
//	waiting, any verdict   ─Settle────────► accepted | rejected, by a moderator
//	a moderator's verdict  ─Undo──────────► waiting, where the judgments are too few,
//	                                        else what they say, by the crowd
//
// The states are picture's, which keeps the slot in step; here lie the judgments, the
// decisions that came of them, and what lies open before whom. Judgments outlive every
// decision, so that one can be taken back.
//
// Open frames are short leases: they spread a page's frames over different judges and
// are only a preference. A frame is never refused for being open before somebody else.
package moderation

import (
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Judge is the id of who judges or decides: "account:" and an account's id.
type Judge string

// Crowd stands for everybody's judgments together, where a decision names who made it.
const Crowd Judge = "crowd"

const accountPrefix = "account:"

// ByAccount is the judge that an account is.
func ByAccount(id string) Judge { return Judge(accountPrefix + id) }

// Account gives the id of the account that the judge is, or "" where it is none.
func (j Judge) Account() string {
	id, ok := strings.CutPrefix(string(j), accountPrefix)
	if !ok {
		return ""
	}
	return id
}

// check refuses whoever has no id, and whoever takes the crowd's.
func (j Judge) check() error {
	if j == "" || j == Crowd {
		return fault.New(fault.Denied, "no_judge", "Please say who you are before you judge.")
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

// Desk is where frames are judged and settled. Who may is the caller's to check.
type Desk struct {
	DB        *store.DB
	Judgments int           // that a verdict takes; 3 where it is 0
	Open      time.Duration // how long a page lies open before a judge; 10 minutes where it is 0
}

func (d *Desk) needed() int {
	if d.Judgments == 0 {
		return 3
	}
	return d.Judgments
}

func (d *Desk) openFor() time.Duration {
	if d.Open == 0 {
		return 10 * time.Minute
	}
	return d.Open
}
