package moderation

import (
	"context"

	"oneframe/app/fault"
	"oneframe/app/picture"
)

// SettleAll settles many frames as Settle does, each by itself: what is refused doesn't
// hold up the rest, and carries the refusing fault's code. Its own errors are Settle's
// for the verdict and the reason, and those of the database.
func (d *Desk) SettleAll(ctx context.Context, by Judge, frames []picture.ID, verdict picture.State, reason string) (settled int, refused []Refusal, err error) {
	return each(frames, func(id picture.ID) error { _, err := d.Settle(ctx, by, id, verdict, reason); return err })
}

// UndoAll takes the decisions on many frames back as Undo does, each by itself.
func (d *Desk) UndoAll(ctx context.Context, by Judge, frames []picture.ID) (undone int, refused []Refusal, err error) {
	return each(frames, func(id picture.ID) error { _, err := d.Undo(ctx, by, id); return err })
}

func each(frames []picture.ID, do func(picture.ID) error) (done int, refused []Refusal, err error) {
	for _, id := range frames {
		err := do(id)
		switch {
		case err == nil:
			done++
		case fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound):
			refused = append(refused, Refusal{Frame: id, Code: fault.Of(err).Code})
		default:
			return done, refused, err
		}
	}
	return done, refused, nil
}
