package feed

import (
	"context"
	"maps"
	"slices"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// refresh brings the index up to date with the rules: at first all of them are
// compiled, later what was changed is laid over.
func (e *Engine) refresh(ctx context.Context) error {
	if e.index.Load() == nil {
		return e.first(ctx)
	}
	var last int64
	var ids []string
	var changed []Entry
	more := false
	err := e.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if last, err = lastChange(tx); err != nil || last == e.seen {
			return err
		}
		if ids, more, err = touched(tx, e.seen, 4*laidMost); err != nil || more {
			return err
		}
		changed, err = entries(tx, ids)
		return err
	})
	if err != nil || last == e.seen {
		return err
	}
	if more {
		return e.first(ctx)
	}
	return e.lay(ctx, ids, changed, last)
}

// lay lays changed rules over the index; those of the ids that are not among them are gone.
func (e *Engine) lay(ctx context.Context, ids []string, changed []Entry, last int64) error {
	for _, id := range ids {
		delete(e.over, id)
		e.removed[id] = true
	}
	for _, c := range changed {
		e.over[c.ID] = c
		delete(e.removed, c.ID)
	}
	x, aside := e.index.Load().With(slices.Collect(maps.Values(e.over)), slices.Collect(maps.Keys(e.removed)), e.stats)
	e.index.Store(x)
	e.seen = last
	return e.tellAside(ctx, aside)
}

// first learns from past pictures what is rare and compiles all rules.
func (e *Engine) first(ctx context.Context) error {
	names, err := names(ctx, e.People)
	if err != nil {
		return err
	}
	if e.stats == nil {
		e.stats = &Stats{}
		err = e.DB.Read(ctx, func(tx *store.Tx) error {
			all, err := past(tx, learnFrom, names)
			for _, f := range all {
				e.stats.Add(f)
			}
			return err
		})
		if err != nil {
			e.stats = nil
			return err
		}
	}
	x, aside, last, err := e.compileAll(ctx, e.stats)
	if err != nil {
		return err
	}
	e.put(x, last)
	return e.tellAside(ctx, aside)
}

func (e *Engine) compileAll(ctx context.Context, stats *Stats) (x *Index, aside []Aside, last int64, err error) {
	var all []Entry
	err = e.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if last, err = lastChange(tx); err != nil {
			return err
		}
		all, err = entries(tx, nil)
		return err
	})
	if err != nil {
		return nil, nil, 0, err
	}
	x, aside = NewIndex(all, stats)
	return x, aside, last, nil
}

func (e *Engine) put(x *Index, last int64) {
	e.index.Store(x)
	e.seen, e.over, e.removed = last, map[string]Entry{}, map[string]bool{}
}

// Rebuild compiles all rules anew where many changed ones lie over the table, while Step
// goes on with the index as it is. What was changed meanwhile the next step lays over.
func (e *Engine) Rebuild(ctx context.Context) (worked bool, err error) {
	e.mu.Lock()
	x := e.index.Load()
	if x == nil || len(e.over)+len(e.removed) <= laidMost {
		e.mu.Unlock()
		return false, nil
	}
	stats := e.stats.clone()
	e.mu.Unlock()
	x, aside, last, err := e.compileAll(ctx, stats)
	if err != nil {
		return false, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put(x, last)
	return true, e.tellAside(ctx, aside)
}

// tellAside writes down why rules were set aside, for their pages.
func (e *Engine) tellAside(ctx context.Context, aside []Aside) error {
	if len(aside) == 0 {
		return nil
	}
	return e.DB.Write(ctx, func(tx *store.Tx) error {
		for _, a := range aside {
			if _, err := tx.Exec(`UPDATE feed_rule SET problem = $1 WHERE id = $2 AND problem <> $1`, fault.Of(a.Err).Message, a.Rule); err != nil {
				return err
			}
		}
		return nil
	})
}
