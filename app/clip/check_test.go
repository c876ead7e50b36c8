package clip

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"oneframe/app/fault"
)

// checked is a rendered clip with the layout that it was written from.
func checkedStage(t *testing.T) (*stage, *layout, string) {
	t.Helper()
	m := small()
	m.sound = true
	s := newStage(t, m)
	s.fill(20, still(1, 160, 90))
	s.fill(21, still(2, 160, 90))
	r := s.render()
	tl := s.timeline()
	heard, err := s.openSound("c", tl)
	s.must(err)
	t.Cleanup(func() { s.must(heard.Close()) })
	heads, jobs, err := s.cache().missing(tl, tl.keys(), nil)
	if err != nil || len(jobs) > 0 {
		t.Fatal(len(jobs), err)
	}
	l, err := newLayout(tl, heads, heard)
	s.must(err)
	return s, l, s.File(r)
}

func TestTheCheckNoticesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s, l, file := checkedStage(t)
	good := s.read(file)
	video, err := openTrack(file, "vide")
	s.must(err)
	at := video.offsets[s.unitOf(20).First] // of the unit at frame 38, a picture
	s.must(video.Close())

	flip := func(where int64, n int) []byte {
		b := bytes.Clone(good)
		for i := range n {
			b[where+int64(i)] ^= 0x55
		}
		return b
	}
	box := func(name string) int64 { return int64(bytes.Index(good, []byte(name))) }
	some, all := []span{{38, 42}}, []span{{0, 100}}
	for what, c := range map[string]struct {
		content []byte
		changed []span
		want    string
	}{
		"nothing":                          {good, some, ""},
		"nothing, the whole decoded":       {good, all, ""},
		"a damaged picture":                {flip(at+40, 60), some, "decode"},
		"a damaged picture, whole decoded": {flip(at+40, 60), all, "decode"},
		"the end is missing":               {good[:len(good)-2000], all, ""},
		"a frame's time":                   {flip(box("ctts")+15, 1), some, "shown at"},
		"the timescale":                    {flip(box("mdhd")+16, 4), some, "frames at 1/"},
		"the sound's beginning":            {flip(int64(bytes.LastIndex(good, []byte("elst")))+16, 4), some, "sound"},
		"the sound's place":                {flip(int64(bytes.LastIndex(good, []byte("stco")))+12, 4), some, ""},
		"no index":                         {flip(box("moov"), 4), some, ""},
	} {
		bad := file + ".bad"
		s.must(os.WriteFile(bad, c.content, 0o600))
		err := s.check(context.Background(), l, bad, c.changed)
		if what[:7] == "nothing" {
			s.must(err)
		} else if !fault.Has(err, "check_failed") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}

	longer := *l
	longer.Frames++
	if err := s.check(context.Background(), &longer, file, some); !fault.Has(err, "check_failed") {
		t.Errorf("a frame too few: %v", err)
	}
}
