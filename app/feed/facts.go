package feed

import (
	"context"

	"oneframe/app/feed/condition"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// names gives the account's name by its id.
func names(ctx context.Context, r *people.Register) (map[string]string, error) {
	all, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]string{}
	for _, a := range all {
		byID[a.ID] = a.Name
	}
	return byID, nil
}

// Facts reads what rules see of a picture, as of the transaction's moment. The
// contributor is who gave a name, or else the account.
func facts(tx *store.Tx, p picture.Picture, names map[string]string) (*condition.Facts, error) {
	record, err := picture.Metadata(tx, p.ID)
	if err != nil {
		return nil, err
	}
	s := &condition.Subject{Record: record, Clip: p.Slot.Clip, Slot: p.Slot.Number, Score: p.Score, Verdict: string(p.State), Contributor: p.Name,
		Origin: p.Origin, Width: p.Width, Height: p.Height, Received: p.ReceivedAt}
	if p.Approved() {
		s.Verdict = string(picture.Accepted) // its renditions may still be on their way
	}
	if s.Contributor == "" {
		s.Contributor = names[p.Account]
	}
	return s.Facts(tx.Now), nil
}

// Priority is how far ahead a picture goes in a queue, 0 to 1000: what the best of the
// rules that matched sets, times ten; else 500 less 50 for each step of urgency past 5
// (the IPTC's normal) or more for each before it, and 10 for each star of its rating or
// point of its score.
func Priority(f *condition.Facts, set int) int {
	if set > 0 {
		return min(10*set, 1000)
	}
	urgency, _ := condition.Lookup(string(condition.Urgency))
	rating, _ := condition.Lookup(string(condition.Rating))
	score, _ := condition.Lookup(string(condition.Score))
	p := 500.0
	if u := f.Number(urgency.Index); u == u { // not NaN: it has one
		p += 50 * (5 - u)
	}
	if r := f.Number(rating.Index); r == r {
		p += 10 * r
	} else if s := f.Number(score.Index); s == s {
		p += 10 * s
	}
	return int(min(max(p, 0), 1000))
}
