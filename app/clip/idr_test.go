package clip

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/Eyevinn/mp4ff/avc"
)

// Two IDR pictures in a row must differ in idr_pic_id (ITU-T H.264, 7.4.3). Here almost
// every unit is one frame long, and so one IDR picture.
func TestNeighbouringIDRPicturesHaveDifferentNumbers(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: 24, hold: 1})
	for n := 1; n <= 24; n++ {
		if n != 7 && n != 12 && n != 13 && n != 14 {
			s.fill(n, still(n, 160, 90))
		}
	}
	r := s.render()
	s.sameFrames(s.File(r), s.singlePass())
	s.quiet(s.File(r))

	ids := s.idrIDs(s.File(r))
	pairs := 0
	for i := 1; i < len(ids); i++ {
		if ids[i] >= 0 && ids[i] == ids[i-1] {
			t.Errorf("samples %d and %d are IDR pictures with idr_pic_id %d", i, i+1, ids[i])
		}
		if ids[i] >= 0 && ids[i-1] >= 0 {
			pairs++
		}
	}
	if pairs < 18 {
		t.Errorf("only %d pairs of IDR pictures were looked at", pairs)
	}
}

// idrIDs gives the idr_pic_id of each video sample, -1 where it is no IDR picture.
func (s *stage) idrIDs(file string) (ids []int) {
	s.Helper()
	video, err := openTrack(file, "vide")
	s.must(err)
	defer video.Close()
	config, err := video.avcC()
	s.must(err)
	p, err := parametersOf(config)
	s.must(err)
	for i := range video.sizes {
		data, err := video.sample(i, nil)
		s.must(err)
		ids = append(ids, -1)
		s.must(eachNAL(data, func(_ int, nal []byte) {
			if avc.GetNaluType(nal[0]) != avc.NALU_IDR {
				return
			}
			h, err := avc.ParseSliceHeader(nal, map[uint32]*avc.SPS{p.sps.ParameterID: p.sps}, map[uint32]*avc.PPS{p.pps.PicParameterSetID: p.pps})
			s.must(err)
			ids[i] = int(h.IDRPicID)
		}))
	}
	return ids
}

func TestEscapingGivesNoStartCodeAndComesBack(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		raw := make([]byte, random.IntN(40))
		for i := range raw {
			raw[i] = byte(random.IntN(5)) // zeros and threes are what matters
		}
		nal := escape(nil, raw)
		for _, forbidden := range [][]byte{{0, 0, 0}, {0, 0, 1}, {0, 0, 2}} {
			if bytes.Contains(nal, forbidden) {
				t.Fatalf("% x in % x", forbidden, nal)
			}
		}
		if back := unescape(nal); !bytes.Equal(back, raw) {
			t.Fatalf("% x came back as % x", raw, back)
		}
	}
}
