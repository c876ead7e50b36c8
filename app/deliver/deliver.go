// Package deliver keeps a queue for every subscriber: which pictures are on their way to
// whom, and how far they came.
//
//	Enqueue ─► waiting ─► claimed ─► sent ─Recall─► recalled
//	            ▲ ▲ │        │ │                       │
//	            │ │ │        │ └─► due ─► when its time comes, or by Retry: waiting
//	            │ │ │        └───► dead ─► by Retry: waiting
//	            │ │ └─Recall─► cancelled               │
//	            │ └──── a claim that ran out           │
//	            └── a newer version, or accepted again ┘
//
// A delivery under an embargo is due at its end, without having been tried. What becomes of
// one that fails is for the kind of the failure to say (send.Kind): the destination is down,
// or busy, or this side is to blame, then it is due again by pace.Backoff, for three days,
// and dead after that; it refused the picture, then it is dead at once; nothing will go until
// somebody mends it, then the destination has failed and its queue waits.
//
// There is one delivery per picture and subscriber, whatever number of rules matched; one
// on demand may repeat it and says so. A newer version of a picture that was sent makes
// its delivery wait again, as an update.
//
// Recall cancels what nobody was given yet (waiting, due, dead). What was sent, or is
// being sent this very moment, becomes recalled, and a row of deliver_recall carries the
// message that takes it back:
//
//	waiting ─► claimed ─► done | due ─► waiting … | dead
//	   └─ the picture was accepted again ─► cancelled
//
// Of what waits for a subscriber the recalls go first, past every limit, to those who are
// paused as well; then what was asked for on demand; then the highest priority, and of
// those the oldest.
package deliver

import (
	"database/sql"
	"encoding/json"
	"time"

	"oneframe/app/picture"
	"oneframe/app/store"
)

// State is how far a delivery came.
type State string

// The states of the package comment's drawing.
const (
	Waiting   State = "waiting"
	Claimed   State = "claimed"
	Sent      State = "sent"
	Due       State = "due"
	Dead      State = "dead"
	Cancelled State = "cancelled"
	Recalled  State = "recalled"
)

// States lists them in the order in which pages do.
func States() []State { return []State{Waiting, Claimed, Due, Sent, Dead, Cancelled, Recalled} }

// Kind says why a picture is delivered.
type Kind string

// The kinds of delivery.
const (
	First  Kind = "first"
	Update Kind = "update" // the subscriber has an older version, or had the picture recalled
	Demand Kind = "demand"
)

// Delivery is one picture on its way to one subscriber.
type Delivery struct {
	ID         string
	Picture    picture.ID
	Subscriber string
	Repeat     int // 0 by rule; from 1 on demand
	Kind       Kind
	Version    int // of the picture
	Rules      []string
	Priority   int // 0 to 1000, the highest first
	State      State
	Attempts   int
	NextAt     time.Time // of one that is due again
	Error      string    // of the last try
	QueuedAt   time.Time
	SentAt     time.Time

	ReleaseAt time.Time // the embargo that holds or held it; it is due then
	Failed    string    // how the last try failed, a send.Kind; "" where it didn't
	Remote    string    // where it lies over there, and its sidecar
	Sidecar   string
	Bytes     int64     // that were sent
	DoneAt    time.Time // since when it is sent, dead, cancelled or recalled
	AskedBy   string    // on demand: who did
}

const columns = `id, picture, subscriber, repeat, kind, version, rules, priority, state, attempts, next_at, error, queued_at, sent_at,
	release_at, failed, remote, sidecar, bytes, done_at, asked_by`

func scan(r *sql.Rows, d *Delivery) error {
	var next, queued, sent, release, done int64
	var rules string
	err := r.Scan(&d.ID, &d.Picture, &d.Subscriber, &d.Repeat, &d.Kind, &d.Version, &rules, &d.Priority, &d.State, &d.Attempts, &next, &d.Error, &queued, &sent,
		&release, &d.Failed, &d.Remote, &d.Sidecar, &d.Bytes, &done, &d.AskedBy)
	d.NextAt, d.QueuedAt, d.SentAt = store.Time(next), store.Time(queued), store.Time(sent)
	d.ReleaseAt, d.DoneAt = store.Time(release), store.Time(done)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(rules), &d.Rules)
}
