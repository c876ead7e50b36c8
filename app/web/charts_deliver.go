package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/send"
)

// sentChart is how many pictures were sent in each hour.
func sentChart(hours []deliver.Hour) barChart {
	c := barChart{Top: 1, Each: "hour"}
	if len(hours) == 0 {
		return c
	}
	c.From, c.To = hours[0].Begin, hours[len(hours)-1].Begin.Add(time.Hour)
	for _, h := range hours {
		c.Top, c.Total = max(c.Top, int(h.Sent)), c.Total+int(h.Sent)
	}
	c.Top = scaleTop(c.Top)
	step := float64(chartWidth) / float64(len(hours))
	for i, h := range hours {
		if h.Sent == 0 {
			continue
		}
		high := float64(h.Sent) / float64(c.Top) * chartHeight
		c.Bars = append(c.Bars, bar{X: round(float64(i) * step), Y: round(chartHeight - high), Width: round(step * 0.8), Height: round(high),
			Label: hourWords(h.Begin) + ": " + plural(int(h.Sent), "picture", "pictures") + ", " + bytesize(h.Bytes)})
	}
	return c
}

func hourWords(t time.Time) string { return t.UTC().Format("2 Jan, 15:04 MST") }

// failureChart is how many tries failed in each hour, and how.
type failureChart struct {
	Bars     []kindBar
	Kinds    []kindCount
	Top      int
	Total    int64
	From, To time.Time
}

// kindBar is one kind's part of an hour's bar.
type kindBar struct {
	bar
	Kind send.Kind
}

// kindCount is how often tries failed so.
type kindCount struct {
	Kind  send.Kind
	Words string
	Tries int64
}

// failureKinds are the ways to fail in the order of the legend, in words.
func failureKinds() []kindCount {
	return []kindCount{{send.Down, "could not be reached, or broke off", 0}, {send.Busy, "asked for patience", 0}, {send.Refused, "refused the picture", 0},
		{send.Hopeless, "refused everything", 0}, {send.Ours, "went wrong here", 0}}
}

func failed(hours []deliver.Hour) failureChart {
	c := failureChart{Top: 1}
	sum := deliver.Sum(hours)
	for _, k := range failureKinds() {
		if k.Tries = sum.Failed[k.Kind]; k.Tries > 0 {
			c.Kinds, c.Total = append(c.Kinds, k), c.Total+k.Tries
		}
	}
	if c.Total == 0 {
		return c
	}
	c.From, c.To = hours[0].Begin, hours[len(hours)-1].Begin.Add(time.Hour)
	for _, h := range hours {
		all := 0
		for _, n := range h.Failed {
			all += int(n)
		}
		c.Top = max(c.Top, all)
	}
	c.Top = scaleTop(c.Top)
	step := float64(chartWidth) / float64(len(hours))
	for i, h := range hours {
		y := float64(chartHeight)
		for _, k := range c.Kinds {
			n := h.Failed[k.Kind]
			if n == 0 {
				continue
			}
			high := float64(n) / float64(c.Top) * chartHeight
			y -= high
			c.Bars = append(c.Bars, kindBar{bar{X: round(float64(i) * step), Y: round(y), Width: round(step * 0.8), Height: round(high),
				Label: hourWords(h.Begin) + ": " + plural(int(n), "try", "tries") + " " + k.Words}, k.Kind})
		}
	}
	return c
}

// latencyChart is how long pictures took in each hour, on a scale whose steps are tenfold.
type latencyChart struct {
	P50, P95  string // paths; "" for none
	Grid      string
	Low, Top  time.Duration
	From, To  time.Time
	All50     time.Duration // over all the hours
	All95     time.Duration
	Delivered bool
}

func latencies(hours []deliver.Hour) latencyChart {
	c := latencyChart{Low: 10 * time.Millisecond, Top: time.Second}
	if len(hours) == 0 {
		return c
	}
	sum := deliver.Sum(hours)
	c.From, c.To = hours[0].Begin, hours[len(hours)-1].Begin.Add(time.Hour)
	c.All50, c.All95 = sum.Latency.Quantile(.5), sum.Latency.Quantile(.95)
	for _, h := range hours {
		for q := h.Latency.Quantile(.95); q > c.Top; {
			c.Top *= 10
		}
	}
	decades := math.Log10(float64(c.Top) / float64(c.Low))
	var grid strings.Builder
	for i := range int(decades + 1.5) {
		fmt.Fprintf(&grid, "M0 %.1fH%d", chartHeight*(1-float64(i)/decades), chartWidth)
	}
	c.Grid = grid.String()
	c.P50, c.P95 = c.line(hours, decades, .5), c.line(hours, decades, .95)
	c.Delivered = c.P50 != ""
	return c
}

// line draws a quantile as steps; an hour without deliveries leaves a gap.
func (c latencyChart) line(hours []deliver.Hour, decades, q float64) string {
	var b strings.Builder
	step, drawn := float64(chartWidth)/float64(len(hours)), false
	for i, h := range hours {
		v := h.Latency.Quantile(q)
		if v == 0 {
			drawn = false
			continue
		}
		y := chartHeight * (1 - max(math.Log10(float64(v)/float64(c.Low)), 0)/decades)
		if drawn {
			fmt.Fprintf(&b, "V%.1fH%.1f", y, float64(i+1)*step)
		} else {
			fmt.Fprintf(&b, "M%.1f %.1fH%.1f", float64(i)*step, y, float64(i+1)*step)
		}
		drawn = true
	}
	return b.String()
}

// brief writes a duration as 40 ms, 1.2 s, 3 min or 5 h.
func brief(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d <= 100*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return waited(d)
}
