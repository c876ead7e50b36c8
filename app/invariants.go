package app

import (
	"context"
	"errors"
	"fmt"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// invariants says what is wrong with the house's state, for `oneframe check` and the
// tests: a slot counts exactly its standing pictures, no row names a missing file, and
// no stills of the clip show a withdrawn picture.
func (a *App) invariants(ctx context.Context) error {
	var wrong []error
	err := a.DB.Read(ctx, func(tx *store.Tx) error {
		standing := map[slot.ID]int{}
		for q := (picture.Query{Sort: "oldest", Limit: 500}); ; {
			page, next, err := picture.List(tx, q)
			if err != nil {
				return err
			}
			for _, p := range page {
				if p.State.Standing() {
					standing[p.Slot]++
				}
				more, err := a.missing(tx, p)
				if err != nil {
					return err
				}
				wrong = append(wrong, more...)
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		held, err := ingest.HeldFiles(tx)
		if err != nil {
			return err
		}
		for _, k := range held {
			if !a.Originals.Has(k) {
				wrong = append(wrong, fmt.Errorf("the quarantine names the file %s, which is missing", k))
			}
		}
		more, err := miscounted(tx, standing)
		if err != nil {
			return err
		}
		wrong = append(wrong, more...)
		more, err = a.Studio.Wrong(tx)
		wrong = append(wrong, more...)
		return err
	})
	return errors.Join(append(wrong, err)...)
}

// missing lists the files that the picture names, in all its versions, and that aren't there.
func (a *App) missing(tx *store.Tx, p picture.Picture) (wrong []error, err error) {
	if p.State == picture.Withdrawn {
		return nil, nil
	}
	originals, renditions, err := picture.Files(tx, p)
	check := func(v *vault.Vault, keys []vault.Key) {
		for _, k := range keys {
			if k != "" && !v.Has(k) {
				wrong = append(wrong, fmt.Errorf("picture %s names the file %s, which is missing", p.ID, k))
			}
		}
	}
	check(a.Originals, originals)
	check(a.Renditions, renditions)
	return wrong, err
}

// miscounted lists the slots whose count differs from their standing pictures.
func miscounted(tx *store.Tx, standing map[slot.ID]int) (wrong []error, err error) {
	videos, err := source.List(tx)
	if err != nil {
		return nil, err
	}
	for _, v := range videos {
		slots, err := slot.List(tx, v.Slug)
		if err != nil {
			return nil, err
		}
		for _, s := range slots {
			if s.Filled != standing[s.ID] {
				wrong = append(wrong, fmt.Errorf("slot %d of %s counts %d pictures, %d stand", s.Number, s.Clip, s.Filled, standing[s.ID]))
			}
		}
	}
	return wrong, nil
}
