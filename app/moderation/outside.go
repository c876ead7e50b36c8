package moderation

import "context"

// Crowd is an outside crowd, not this site's own: jobs are posted to it and its
// workers' judgments come back. The package crowd holds the two there are, http-push
// and http-poll.
type Crowd interface {
	// Post makes one attempt to hand a message over. Its errors: Gone where the crowd
	// wants no more of them, ever; Busy with RetryAfter where it asks to slow down.
	Post(ctx context.Context, m Message) error
	// Collect gives judgments that came in after the place since ("" is the beginning),
	// and the place after them; there are more where Next differs from since. A crowd
	// whose judgments come by themselves gives none, and Next as since.
	Collect(ctx context.Context, since string) (Collected, error)
}

// Collected is a page of a crowd's judgments.
type Collected struct {
	Answers []Answer
	Unread  int    // that are not complete; they don't hold up the rest
	Next    string // the place after them
}

// Message is what a crowd is told.
type Message struct {
	ID   string // the same over all attempts
	Body []byte // JSON: type, timestamp, data
}

// Answer is a judgment by somebody whom only the crowd knows.
type Answer struct {
	Worker string // the crowd's own name for who judged
	Judgment
}
