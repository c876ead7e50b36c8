package clip

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// someUnit is a unit of three frames, of which the second is shown last.
func someUnit() encoded {
	return encoded{head{3, []byte("config"), []sample{{4, 0}, {3, 2}, {2, 1}}}, []byte("aaaabbbcc")}
}

func key(n byte) Key { return Key(digest(string(rune(n)))) }

func TestAUnitComesBackFromTheCache(t *testing.T) {
	t.Parallel()
	c := cache{t.TempDir()}
	if _, err := c.head(key(1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty cache says %v", err)
	}
	want := someUnit()
	if err := c.put(key(1), want); err != nil {
		t.Fatal(err)
	}
	h, err := c.head(key(1))
	if err != nil || h.Frames != 3 || string(h.Config) != "config" || len(h.Samples) != 3 || h.Samples[1] != (sample{3, 2}) {
		t.Errorf("head: %v, %v", h, err)
	}
	if data, err := c.load(key(1), h, nil); err != nil || !bytes.Equal(data, want.Data) {
		t.Errorf("data: %q, %v", data, err)
	}
}

// Whichever byte is damaged, and wherever the file ends, it is noticed.
func TestADamagedUnitIsNotTaken(t *testing.T) {
	t.Parallel()
	c := cache{t.TempDir()}
	if err := c.put(key(1), someUnit()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(c.path(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	good, err := c.head(key(1))
	if err != nil {
		t.Fatal(err)
	}
	try := func(content []byte) error {
		if err := os.WriteFile(c.path(key(1)), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.head(key(1)); err != nil {
			return err
		}
		_, err := c.load(key(1), good, nil)
		return err
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		if err := try(damaged); !errors.Is(err, errCorrupt) {
			t.Errorf("byte %d of %d is damaged: %v", i, len(whole), err)
		}
		if err := try(whole[:i]); !errors.Is(err, errCorrupt) {
			t.Errorf("the file ends after %d of %d bytes: %v", i, len(whole), err)
		}
	}
	if err := try(whole); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

func TestOnlyClosedUnitsAreUnits(t *testing.T) {
	t.Parallel()
	for what, h := range map[string]head{
		"no frame":                   {},
		"a sample too few":           {Frames: 2, Samples: []sample{{1, 0}}},
		"shown outside":              {Frames: 2, Samples: []sample{{1, 0}, {1, 2}}},
		"shown twice":                {Frames: 3, Samples: []sample{{1, 0}, {1, 1}, {1, 1}}},
		"one frame, without variant": {Frames: 1, Samples: []sample{{1, 0}}},
	} {
		if h.closed() == nil {
			t.Errorf("%s: taken for closed", what)
		}
	}
	if err := (head{Frames: 1, Samples: []sample{{1, 0}, {2, 0}}}).closed(); err != nil {
		t.Errorf("one frame in two variants: %v", err)
	}
}

func TestSweepTakesTheOldestAndNothingNeeded(t *testing.T) {
	t.Parallel()
	c := cache{t.TempDir()}
	now := time.Now()
	day := 24 * time.Hour
	for n, age := range map[byte]time.Duration{1: 90 * day, 2: 90 * day, 3: 10 * day, 4: 9 * day, 5: time.Hour} {
		if err := c.put(key(n), someUnit()); err != nil {
			t.Fatal(err)
		}
		if err := c.touch([]Key{key(n)}, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	tmp, err := c.temp()
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(tmp, "batch-1.mp4")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, now, now.Add(-2*day)); err != nil {
		t.Fatal(err)
	}
	sweep := func(maxBytes int64) (there string) {
		if _, err := c.sweep(context.Background(), map[Key]bool{key(1): true}, now.Add(-60*day), now.Add(-day), maxBytes); err != nil {
			t.Fatal(err)
		}
		for n := range byte(6) {
			if _, err := c.head(key(n)); err == nil {
				there += string('0' + n)
			}
		}
		return there
	}
	if got := sweep(1 << 30); got != "1345" { // 2 was not used for long; 1 is needed
		t.Errorf("with room, %s are left", got)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a crash left is still there")
	}
	st, err := os.Stat(c.path(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := sweep(3 * st.Size()); got != "145" { // 3 was used least recently
		t.Errorf("with room for three, %s are left", got)
	}
	if got := sweep(0); got != "15" { // 5 may be about to be joined
		t.Errorf("without room, %s are left", got)
	}
}

func TestDivideCutsOnlyBeforeSyncSamples(t *testing.T) {
	t.Parallel()
	v := &track{sizes: make([]uint32, 40), syncs: []int{0, 7, 10, 12, 20, 30}}
	for _, c := range []struct {
		spans []span
		n     int
		want  [][]span
	}{
		{nil, 2, nil},
		{[]span{{0, 40}}, 1, [][]span{{{0, 40}}}},
		{[]span{{0, 40}}, 2, [][]span{{{0, 20}}, {{20, 40}}}},
		{[]span{{0, 40}}, 3, [][]span{{{0, 20}}, {{20, 40}}}},
		{[]span{{0, 40}}, 4, [][]span{{{0, 10}}, {{10, 20}}, {{20, 30}}, {{30, 40}}}},
		{[]span{{0, 7}, {10, 12}, {30, 40}}, 2, [][]span{{{0, 7}, {10, 12}, {30, 40}}}},
		{[]span{{0, 10}, {30, 40}}, 2, [][]span{{{0, 10}}, {{30, 40}}}},
		{[]span{{7, 10}}, 8, [][]span{{{7, 10}}}},
	} {
		if got := v.divide(c.spans, c.n); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v among %d: %v instead of %v", c.spans, c.n, got, c.want)
		}
	}
}
