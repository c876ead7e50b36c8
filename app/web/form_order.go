package web

import (
	"net/url"
	"strconv"
	"strings"

	"oneframe/app/deliver/order"
	"oneframe/app/fault"
	"oneframe/app/vault"
)

// orderForm is an order as its page has it: what was entered, whether it can be used or not.
type orderForm struct {
	Kind                   string // original, longest or box
	Longest, Width, Height string // pixels
	Quality                string
	MaxKB                  string // kB
	Mark                   string // none, text or image
	MarkText, MarkImage    string
	Place                  order.Place
	MarkSize, Opacity      string // percent
	Trim                   bool
	Set                    order.Set
	Name, Sidecar          string
}

// enterOrder is the form of an order.
func enterOrder(s order.Spec) orderForm {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	f := orderForm{Kind: "original", Longest: number(s.Longest), Width: number(s.Width), Height: number(s.Height), Quality: number(s.Quality), MaxKB: number(int((s.MaxBytes + 999) / 1000)),
		Mark: "none", Place: "bottom-right", Trim: s.Metadata.Trim, Set: s.Metadata.Set, Name: s.Name, Sidecar: s.Sidecar}
	switch {
	case s.Longest > 0:
		f.Kind = "longest"
	case s.Width > 0:
		f.Kind = "box"
	}
	if w := s.Watermark; w != nil {
		f.Mark, f.MarkText, f.MarkImage, f.MarkSize, f.Opacity = "text", w.Text, string(w.Image), number(w.Size), number(w.Opacity)
		if w.Image != "" {
			f.Mark = "image"
		}
		if w.Place != "" {
			f.Place = w.Place
		}
	}
	return f
}

// orderOf reads the form.
func orderOf(v url.Values) orderForm {
	return orderForm{Kind: v.Get("kind"), Longest: v.Get("longest"), Width: v.Get("width"), Height: v.Get("height"), Quality: v.Get("quality"), MaxKB: v.Get("max_kb"),
		Mark: v.Get("mark"), MarkText: v.Get("mark_text"), MarkImage: v.Get("mark_image"), Place: order.Place(v.Get("place")), MarkSize: v.Get("mark_size"), Opacity: v.Get("opacity"),
		Trim: v.Get("trim") == "true", Set: order.Set{Credit: v.Get("credit"), UsageTerms: v.Get("usage_terms"), Copyright: v.Get("copyright"), Instructions: v.Get("instructions")},
		Name: strings.TrimSpace(v.Get("name")), Sidecar: v.Get("sidecar")}
}

// spec gives the order that was entered; of what a choice leaves out, nothing. Its errors
// are Invalid bad_made.
func (f orderForm) spec() (s order.Spec, err error) {
	number := func(text, what string) int {
		if text = strings.TrimSpace(text); text == "" {
			return 0
		}
		n, err2 := strconv.Atoi(text)
		if (err2 != nil || n < 0 || n > 1_000_000) && err == nil {
			err = fault.New(fault.Invalid, "bad_made", "%s must be a whole number, not %q.", what, text)
		}
		return n
	}
	missing := func(n int, what string) int {
		if n == 0 && err == nil {
			err = fault.New(fault.Invalid, "bad_made", "Please say how many pixels the %s may have.", what)
		}
		return n
	}
	switch f.Kind {
	case "longest":
		s.Longest = missing(number(f.Longest, "The longer side"), "longer side")
	case "box":
		s.Width, s.Height = missing(number(f.Width, "The width"), "width"), missing(number(f.Height, "The height"), "height")
	}
	s.Quality, s.MaxBytes = number(f.Quality, "The quality"), 1000*int64(number(f.MaxKB, "The largest file"))
	if f.Mark == "text" || f.Mark == "image" {
		s.Watermark = &order.Watermark{Place: f.Place, Size: number(f.MarkSize, "The watermark's size"), Opacity: number(f.Opacity, "The watermark's strength")}
		if f.Mark == "text" {
			s.Watermark.Text = strings.TrimSpace(f.MarkText)
		} else {
			s.Watermark.Image = vault.Key(f.MarkImage)
		}
	}
	s.Metadata = order.Metadata{Trim: f.Trim, Set: f.Set}
	s.Name, s.Sidecar = f.Name, f.Sidecar
	if err != nil {
		return s, err
	}
	return s, s.Check()
}
