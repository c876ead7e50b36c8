package source

import (
	"fmt"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
)

func TestVideosAreListedFeaturedAndRenamed(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	for i, slug := range []string{"one", "two"} {
		err := im.DB.Write(t.Context(), func(tx *store.Tx) error {
			at := tx.Now.Add(time.Duration(i-10) * time.Second)
			v := Video{Slug: slug, Title: slug, FPS: Rate{25, 1}, Frames: 50, Width: 320, Height: 240, Hold: 2, Slots: 25, Sound: i == 0, Created: at, Featured: at}
			return v.insert(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func() (slugs string) {
		err := im.DB.Read(t.Context(), func(tx *store.Tx) error {
			all, err := List(tx)
			for _, v := range all {
				slugs += v.Slug + ":" + v.Title + ":" + fmt.Sprint(v.Sound) + " "
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return slugs
	}
	if got := list(); got != "two:two:false one:one:true " {
		t.Errorf("listed as %s", got)
	}
	err := im.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := Rename(tx, "one", "  The first "); err != nil {
			return err
		}
		return Feature(tx, "one")
	})
	if got := list(); err != nil || got != "one:The first:true two:two:false " {
		t.Errorf("listed as %s, %v", got, err)
	}
	err = im.DB.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := Get(tx, "three"); !fault.Has(err, "no_clip") {
			t.Errorf("get: %v", err)
		}
		if err := Feature(tx, "three"); !fault.Has(err, "no_clip") {
			t.Errorf("feature: %v", err)
		}
		if err := Rename(tx, "one", ""); !fault.Has(err, "bad_title") {
			t.Errorf("rename: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
