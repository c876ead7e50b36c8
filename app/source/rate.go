package source

import (
	"math"

	"oneframe/app/ffmpeg"
)

// rates are those that a mezzanine may have, at most 30: what moves faster is halved
// (50 → 25, 59.94 → 29.97, 60 → 30), so that a slot's frames are long enough to be seen.
func rates() []Rate {
	return []Rate{{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}}
}

const (
	slowest = 22.0 // below this every frame is shown several times
	fastest = 30.5 // above it every second frame, or fewer, is shown
	alike   = 0.02 // relative difference below which two rates are meant to be one
	dropped = 0.15 // share of its frames that a camera may have left out
	far     = 1.5  // factor between two rates that can't be of one video
)

// chooseRate gives the mezzanine's rate for a video with the average and the base rate
// that ffprobe tells, either of which may be unknown (0) or absurd (90000):
//
//   - the base rate stands for the average where they are alike, since it is exact, or
//     where it is a little higher: a camera has left frames out;
//   - from 22 to 30.5 frames a second the nearest rate is taken;
//   - a faster one is divided by the smallest whole number that brings it to 30.5 at most;
//   - a slower one is multiplied (10 → 30, 12 → 24, 12.5 → 25, 15 → 30);
//   - what fits no rate that way gets 30, the finest grid.
func chooseRate(average, base float64) Rate {
	fps := average
	if base > 0 && (fps <= 0 || base >= fps*(1-alike) && base*(1-dropped) <= fps) {
		fps = base
	}
	finest := Rate{30, 1}
	switch {
	case fps <= 0 || fps > 1000:
		return finest
	case fps < slowest:
		best, err := closest(func(r float64) float64 { return math.Abs(r/fps-math.Round(r/fps)) / (r / fps) })
		return within(best, err, finest)
	case fps > fastest:
		fps /= math.Ceil(fps / fastest)
		best, err := closest(func(r float64) float64 { return math.Abs(r-fps) / fps })
		return within(best, err, finest)
	default:
		best, _ := closest(func(r float64) float64 { return math.Abs(r - fps) })
		return best
	}
}

// closest gives the rate with the smallest error, the lowest of equal ones.
func closest(err func(rate float64) float64) (best Rate, least float64) {
	least = math.Inf(1)
	for _, r := range rates() {
		if e := err(r.Float()); e < least-1e-9 {
			best, least = r, e
		}
	}
	return best, least
}

func within(best Rate, err float64, otherwise Rate) Rate {
	if err <= alike {
		return best
	}
	return otherwise
}

// averageRate is what the header says, unless it says nothing or is far from what the
// packets say. These alone are no measure: VP8 and VP9 have some that are never shown.
func averageRate(s ffmpeg.Stream, p ffmpeg.Packets) float64 {
	stated := s.Rate.Float()
	length := (p.End - p.First).Seconds()
	if p.Count < 10 || length <= 0 {
		return stated
	}
	measured := float64(p.Count) / length
	if stated > 0 && stated < measured*far && measured < stated*far {
		return stated
	}
	return measured
}
