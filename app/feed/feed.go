// Package feed decides which subscriber gets which picture. A subscriber has rules; a
// rule is a condition over a picture's metadata. The condition package is their language;
// the rules together are compiled into one Index, whose cost hardly grows with their
// number; Engine follows the log of pictures and has a delivery made for every subscriber
// one of whose rules matches.
//
//	subscriber: active ⇄ paused ─► ended     paused: its deliveries wait; ended: none are made
//
//	rule: text ⇄ clauses ⇄ form, kept as rows (rule, clause, term, value) that can be searched
//
// Book holds the commands over subscribers and rules. Each of them writes a line into
// feed_change: it is the record of who changed what and when, and the engine follows it.
package feed

import (
	"context"
	"time"

	"oneframe/app/feed/condition"
	"oneframe/app/seal"
	"oneframe/app/store"
)

// laidMost is how many changed rules may lie over the index's large table before it is
// compiled anew.
const laidMost = 500

// SubscriberState is what happens to a subscriber's pictures.
type SubscriberState string

// The states of a subscriber.
const (
	Active SubscriberState = "active"
	Paused SubscriberState = "paused" // pictures are matched and wait
	Ended  SubscriberState = "ended"  // nothing is matched any more
)

// Subscriber is a customer of the feed.
type Subscriber struct {
	ID, Name, Contact string
	State             SubscriberState
	Rules             int // how many it has
	Created, Changed  time.Time
}

// Rule is a condition over a picture's metadata that belongs to one subscriber.
type Rule struct {
	ID, Subscriber string
	Name           string
	Text           string // as it was written
	Clauses        condition.Clauses
	Active         bool
	Priority       int    // of its deliveries, 1 to 100; 0 leaves it to the picture
	Problem        string // why the engine set it aside; "" for a sound rule
	Matches        int64  // how many pictures it has matched
	LastMatch      time.Time
	LastPicture    string

	Created, Changed time.Time
}

// Book holds the subscribers and their rules.
type Book struct {
	DB  *store.DB
	Box *seal.Box // seals the secrets of their destinations
	// Check says whether the site may send to an address at all; it may ask the name
	// servers.
	Check func(ctx context.Context, address string) error
}
