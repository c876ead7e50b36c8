package clip

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"oneframe/app/store"
)

// The ways a picture is fitted to the clip's size; its aspect is always kept.
const (
	Crop = "crop" // fills the frame; what stands out is cut off
	Pad  = "pad"  // is seen whole, on a blurred and darkened copy of itself
)

// Presets are those of libx264 that the clip can be made with, the fastest first. In
// ultrafast pictures could not be held by hand-written frames (skip.go): it has no CABAC.
var Presets = []string{"superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"}

// Quality is how a clip looks: what an admin may choose. A change makes anew exactly the
// units that it concerns: Fit and Match the pictures, the others everything.
type Quality struct {
	Size   int    `json:"size,omitempty"`  // its longer side at most, in pixels; 0 means the mezzanine's
	CRF    int    `json:"crf"`             // libx264's: lower is better and larger; 0 means 22
	Preset string `json:"preset"`          // one of Presets; "" means veryfast
	Fit    string `json:"fit"`             // Crop or Pad; "" means Crop
	Match  int    `json:"match,omitempty"` // how far pictures take the original's light, in per cent (match.go)
}

// filled has the defaults where nothing was chosen.
func (q Quality) filled() Quality {
	if q.CRF == 0 {
		q.CRF = 22
	}
	if q.Preset == "" {
		q.Preset = "veryfast"
	}
	if q.Fit == "" {
		q.Fit = Crop
	}
	return q
}

// Settings is the quality that the next render is made in.
func (s *Studio) Settings() Quality { return s.filled() }

// String is the quality in an admin's words.
func (q Quality) String() string {
	text := fmt.Sprintf("crf %d, %s, %s", q.CRF, q.Preset, q.Fit)
	if q.Size > 0 {
		text = fmt.Sprintf("at most %d pixels, %s", q.Size, text)
	}
	if q.Match > 0 {
		text += fmt.Sprintf(", matched %d %%", q.Match)
	}
	return text
}

// size gives the clip's size for a mezzanine's: even sides, which yuv420p needs, of the
// same aspect as nearly as they can be, and never larger.
func (q Quality) size(width, height int) (w, h int) {
	longest := max(width, height)
	if q.Size == 0 || q.Size >= longest {
		return width, height
	}
	even := func(side int) int {
		return max(2, 2*int(math.Round(float64(side)*float64(q.Size)/float64(longest)/2)))
	}
	return even(width), even(height)
}

// settings is what decides the encoding of every unit, for its key.
func (q Quality) settings() string {
	return fmt.Sprintf("%s %s crf %d %s %s", making, q.Preset, q.CRF, x264Run, x264Still)
}

// text is the quality as a row keeps it.
func (q Quality) text() string {
	text, err := json.Marshal(q)
	if err != nil { // of numbers and strings there is none
		return ""
	}
	return string(text)
}

// qualityOf reads it. Rows from before qualities were kept know only the fit.
func qualityOf(text, fit string) Quality {
	var q Quality
	if json.Unmarshal([]byte(text), &q) != nil {
		q = Quality{Fit: fit}
	}
	return q.filled()
}

// qualities gives all that the clip was ever made in, or is about to be.
func (s *Studio) qualities(tx *store.Tx, clip string) ([]Quality, error) {
	all, err := store.Each(tx, func(rows *sql.Rows, q *Quality) error {
		var text, fit string
		err := rows.Scan(&text, &fit)
		*q = qualityOf(text, fit)
		return err
	}, `SELECT DISTINCT quality, fit FROM clip_render WHERE clip = $1 AND plan <> ''`, clip)
	if now := s.Quality.filled(); !slices.Contains(all, now) {
		all = append(all, now)
	}
	return all, err
}
