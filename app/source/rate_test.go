package source

import "testing"

func TestTheRateIsOneThatVideosHave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		average, base float64
		want          string
	}{
		{23.976, 23.976, "24000/1001"}, {24, 24, "24"}, {25, 25, "25"}, {29.97, 29.97, "30000/1001"}, {30, 30, "30"},
		{24.2, 0, "24"}, {26, 0, "25"}, {28, 0, "30000/1001"}, {30.4, 0, "30"}, // the nearest
		{29.987, 29.97, "30000/1001"}, {29.88, 29.917, "30000/1001"}, // the base is exact, the average measured
		{27.5, 30, "30"}, {22, 25, "25"}, // frames were left out
		{24.2, 25, "25"}, {24.9, 24, "25"}, {10.5, 90000, "30"}, // a base far from the average says nothing
		{48, 48, "24"}, {50, 50, "25"}, {59.94, 59.94, "30000/1001"}, {60, 60, "30"}, // halved
		{72, 72, "24"}, {100, 100, "25"}, {120, 120, "30"}, {240, 240, "30"}, {239.76, 239.76, "30000/1001"},
		{10, 10, "30"}, {12, 12, "24"}, {12.5, 12.5, "25"}, {15, 15, "30"}, {14.985, 14.985, "30000/1001"}, // multiplied
		{1, 1, "24"}, {5, 5, "25"}, {8, 8, "24"}, {6, 6, "24"},
		{20, 20, "30"}, {17, 17, "30"}, {40, 40, "30"}, // fits none: the finest
		{0, 25, "25"}, {0, 0, "30"}, {90000, 90000, "30"}, {-3, 0, "30"},
	} {
		if got := chooseRate(c.average, c.base).String(); got != c.want {
			t.Errorf("average %v, base %v: %s, want %s", c.average, c.base, got, c.want)
		}
	}
}
