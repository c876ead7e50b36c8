//go:build unix

package feed

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"oneframe/app/feed/condition"
	"oneframe/app/feed/conditiontest"
)

// workload is the stated synthetic load: so many rules, and pictures to match.
type workload struct {
	entries  []Entry
	pictures []*condition.Subject
	stats    *Stats
}

func newWorkload(rules, pictures int) *workload {
	l, w := conditiontest.NewLoad(1), &workload{stats: &Stats{}}
	for i := range rules {
		w.entries = append(w.entries, Entry{ID: fmt.Sprintf("%036d", i), Subscriber: fmt.Sprint(i % 300), Clauses: l.Rule()})
	}
	for range 500 {
		w.stats.Add(l.Picture().Facts(conditiontest.Now))
	}
	for range pictures {
		w.pictures = append(w.pictures, l.Picture())
	}
	return w
}

func (w *workload) compiled(t testing.TB) (all []condition.Program) {
	t.Helper()
	for _, e := range w.entries {
		p, err := e.Clauses.Compile()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func (w *workload) plainly(programs []condition.Program, f *condition.Facts) (n int) {
	for _, p := range programs {
		if p.Matches(f) {
			n++
		}
	}
	return n
}

// compare makes sure that the index and the plain evaluator find the same rules.
func (w *workload) compare(b *testing.B, x *Index, programs []condition.Program, f *condition.Facts) {
	b.Helper()
	var got, want []string
	for _, n := range x.Match(f, nil) {
		got = append(got, x.Hit(n).Rule)
	}
	for i, p := range programs {
		if p.Matches(f) {
			want = append(want, w.entries[i].ID)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		b.Fatalf("the index matches %d rules, the plain evaluator %d, or not the same ones", len(got), len(want))
	}
}

// cpu is the processor time that the process has used, in all its threads.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perPicture runs f over the pictures on one core and reports the CPU time of one.
func perPicture(b *testing.B, w *workload, f func(*condition.Subject) int) {
	b.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f(w.pictures[0])
	runtime.GC()
	b.ReportAllocs()
	b.ResetTimer()
	start, n := cpu(b), 0
	for i := range b.N {
		n += f(w.pictures[i%len(w.pictures)])
	}
	b.ReportMetric(float64(cpu(b)-start)/1e3/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(n)/float64(b.N), "matches/op")
}

// BenchmarkMatch is what the engine does for one picture, from its record: fold and look
// up its values, then match. Before it measures, it makes sure that on its pictures the
// index matches the same rules as the plain evaluator.
func BenchmarkMatch(b *testing.B) {
	for _, rules := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			w := newWorkload(rules, 2000)
			x, _ := NewIndex(w.entries, w.stats)
			b.Run("Index", func(b *testing.B) {
				var into []int32
				perPicture(b, w, func(s *condition.Subject) int {
					into = x.Match(s.Facts(conditiontest.Now), into[:0])
					return len(into)
				})
			})
			if rules > 10_000 {
				return
			}
			programs := w.compiled(b)
			for _, s := range w.pictures[:20] {
				w.compare(b, x, programs, s.Facts(conditiontest.Now))
			}
			b.Run("Plain", func(b *testing.B) {
				perPicture(b, w, func(s *condition.Subject) int { return w.plainly(programs, s.Facts(conditiontest.Now)) })
			})
		})
	}
}

// heap is what lives on it after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkBuild compiles 100,000 rules; BenchmarkChange then makes one changed rule
// visible while 500 others lie over the table.
func BenchmarkBuild(b *testing.B) {
	w := newWorkload(100_000, 0)
	before, start := heap(), cpu(b)
	var x *Index
	for range b.N {
		x, _ = NewIndex(w.entries, w.stats)
	}
	b.ReportMetric(float64(cpu(b)-start)/1e9/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(heap()-before)/1e6, "MB")
	runtime.KeepAlive(x)
	runtime.KeepAlive(w)
}

func BenchmarkChange(b *testing.B) {
	w := newWorkload(100_000, 1)
	x, _ := NewIndex(w.entries, w.stats)
	start := cpu(b)
	for i := range b.N {
		y, _ := x.With(w.entries[i%1000:i%1000+laidMost], nil, w.stats)
		y.Match(w.pictures[0].Facts(conditiontest.Now), nil)
	}
	b.ReportMetric(float64(cpu(b)-start)/1e6/float64(b.N), "cpu-ms/op")
}

// BenchmarkPast tries 10,000 rules over a million past pictures: 20,000 fifty times.
func BenchmarkPast(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w := newWorkload(10_000, 20_000)
	x, _ := NewIndex(w.entries, w.stats)
	start, into := cpu(b), []int32(nil)
	for range b.N {
		for i := range 1_000_000 {
			into = x.Match(w.pictures[i%len(w.pictures)].Facts(conditiontest.Now), into[:0])
		}
	}
	b.ReportMetric(float64(cpu(b)-start)/1e9/float64(b.N), "cpu-s/op")
}
