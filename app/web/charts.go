package web

import (
	"fmt"
	"strings"
	"time"

	"oneframe/app/moderation"
	"oneframe/app/picture"
)

// Charts are drawn as SVG by the templates, in units of their own: chartWidth wide and
// chartHeight high, stretched to the page. Words stand beside them as text.
const (
	chartWidth  = 720
	chartHeight = 200
)

// lineChart is how much waited over time.
type lineChart struct {
	Waiting, Undecided string // paths, as the attribute d takes them; "" for none
	Top                int    // of the scale
	From, To           time.Time
}

// overTime draws what was noted between two moments. Between two notes the line keeps
// the earlier one's height.
func overTime(depths []moderation.Depth, from, to time.Time) lineChart {
	c := lineChart{From: from, To: to, Top: 1}
	for _, d := range depths {
		c.Top = max(c.Top, d.Waiting, d.Undecided)
	}
	c.Top = scaleTop(c.Top)
	c.Waiting = steps(depths, from, to, c.Top, func(d moderation.Depth) int { return d.Waiting })
	c.Undecided = steps(depths, from, to, c.Top, func(d moderation.Depth) int { return d.Undecided })
	return c
}

func steps(depths []moderation.Depth, from, to time.Time, top int, of func(moderation.Depth) int) string {
	var b strings.Builder
	span := to.Sub(from).Seconds()
	last := 0.0
	for i, d := range depths {
		x := d.At.Sub(from).Seconds() / span * chartWidth
		y := chartHeight - float64(of(d))/float64(top)*chartHeight
		if i == 0 {
			fmt.Fprintf(&b, "M%.1f %.1f", x, y)
		} else if x > last {
			fmt.Fprintf(&b, "H%.1fV%.1f", x, y)
		}
		last = x
	}
	return b.String()
}

// barChart is how many judgments came in each hour, or each day.
type barChart struct {
	Bars     []bar
	Top      int
	Each     string // hour or day
	From, To time.Time
	Total    int
}

// bar is one of them, in the chart's units.
type bar struct {
	X, Y, Width, Height float64
	Label               string
}

// hourly draws the judgments of each hour, or over a month of each day.
func hourly(hours []moderation.Hour, from, to time.Time, days int) barChart {
	c := barChart{From: from, To: to, Top: 1, Each: "hour"}
	width := time.Hour
	if days > 7 {
		width, c.Each = 24*time.Hour, "day"
	}
	first := from.Truncate(width)
	n := int(to.Sub(first)/width) + 1
	sums := make([]int, n)
	for _, h := range hours {
		if i := int(h.Start.Sub(first) / width); i >= 0 && i < n {
			sums[i] += h.Judgments
			c.Total += h.Judgments
		}
	}
	for _, v := range sums {
		c.Top = max(c.Top, v)
	}
	c.Top = scaleTop(c.Top)
	step := float64(chartWidth) / float64(n)
	for i, v := range sums {
		if v == 0 {
			continue
		}
		h := float64(v) / float64(c.Top) * chartHeight
		c.Bars = append(c.Bars, bar{X: round(float64(i) * step), Y: round(chartHeight - h), Width: round(step * 0.8), Height: round(h),
			Label: first.Add(time.Duration(i)*width).Format("2 Jan, 15:04 MST") + ": " + plural(v, "judgment", "judgments")})
	}
	return c
}

// shareChart is how the verdicts in force are divided.
type shareChart struct {
	Parts []part
	Total int
}

// part is one kind of verdict; its place and width are in the chart's units.
type part struct {
	Class, Words string
	Frames       int
	Percent      int
	X, Width     float64
}

// shareOut draws the shares of the verdicts, the crowd's and the moderators' apart.
func shareOut(all []moderation.Share) shareChart {
	var c shareChart
	for _, s := range all {
		c.Total += s.Frames
	}
	x := 0.0
	for _, state := range []picture.State{picture.Accepted, picture.Rejected, picture.Undecided} {
		for _, crowd := range []bool{true, false} {
			for _, s := range all {
				if s.Verdict != state || s.Crowd != crowd || s.Frames == 0 {
					continue
				}
				w := float64(s.Frames) / float64(c.Total) * chartWidth
				p := part{Class: string(state), Words: string(state) + " by the judges", Frames: s.Frames, X: round(x), Width: round(w),
					Percent: (200*s.Frames + c.Total) / (2 * c.Total)}
				if !crowd {
					p.Class, p.Words = p.Class+" hand", string(state)+" by a moderator"
				}
				c.Parts = append(c.Parts, p)
				x += w
			}
		}
	}
	return c
}

// scaleTop rounds up to 1, 2 or 5 times a power of ten.
func scaleTop(n int) int {
	for p := 1; ; p *= 10 {
		for _, m := range []int{1, 2, 5} {
			if n <= m*p {
				return m * p
			}
		}
	}
}

// round is to a tenth of a unit.
func round(f float64) float64 { return float64(int(f*10+0.5)) / 10 }
