package rendition

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Budget is the memory that all decoding shares. Who comes first is served first, so a
// large picture is not overtaken for ever by small ones. Its methods may be called
// from any goroutine.
type Budget struct {
	bytes int64
	left  *semaphore.Weighted
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int64) *Budget {
	return &Budget{bytes: bytes, left: semaphore.NewWeighted(bytes)}
}

// Acquire waits until the cost (Info.Cost) is free, and gives what hands it back; that
// may be called more than once. A cost above the whole budget takes the whole: such a
// picture is decoded alone. The error is ctx's.
func (b *Budget) Acquire(ctx context.Context, cost int64) (release func(), err error) {
	cost = max(0, min(cost, b.bytes))
	if err := b.left.Acquire(ctx, cost); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { b.left.Release(cost) }), nil
}
