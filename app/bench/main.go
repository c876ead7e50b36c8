// Command bench measures the figures that the design asks for on the machine it runs
// on, prints each with its spread and its ratio to the baseline of the same run, and
// writes docs/benchmarks.md. `make bench` runs it from the top of the repository.
//
// It runs the Go benchmarks of the rooms, several times each, and reads their output
// (the format of golang.org/design/14313-benchmark-format). It judges nothing by an exit
// code: a figure that is missed is printed as missed.
//
// With names of packages, as in "go run ./app/bench clip feed", it measures those only
// and leaves the other sections of the document as they are. A suite whose benchmark
// fails keeps its old section, and the rest is measured all the same.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suite is one run of a package's benchmarks.
type suite struct {
	title   string
	pkg     string
	dir     string // the module that pkg lies in; "" for the product's own
	bench   string // regular expression
	args    []string
	figures []figure
}

// figure is one line of the table: a metric of a benchmark, against another's or a bound.
type figure struct {
	what   string
	bench  string // as printed, without Benchmark and -2
	metric string // as printed: ns/op, B/op, p99-ms …
	scale  float64
	unit   string
	base   string // the baseline benchmark of the same run; "" for none
	invert bool   // the ratio is base ÷ value (how many times better) rather than value ÷ base
	wanted string // the figure to reach, in words
	ok     func(value, ratio float64) bool
}

// samples are the values of benchmark → metric, one for each count.
type samples map[string]map[string][]float64

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, "docs/benchmarks.md", os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const heading = `# Benchmarks

Written by ` + "`make bench`" + `. Each value is the median of the runs with its least and largest; a ratio is
against the baseline measured in the same run.
`

// run measures the suites of the named packages, or all, and writes the document after each.
func run(ctx context.Context, out string, only []string) error {
	old, err := os.ReadFile(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kept := sections(string(old))
	all := suites()
	var failed error
	for _, s := range all {
		if len(only) > 0 && !slices.Contains(only, path.Base(path.Join(s.dir, s.pkg))) {
			continue
		}
		var doc bytes.Buffer
		if err := s.measure(ctx, &doc); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.title, err))
			continue
		}
		kept[s.title] = doc.String()
		if err := os.WriteFile(out, document(all, kept), 0o644); err != nil {
			return err
		}
	}
	return failed
}

// sections gives the parts of the document that begin with "## ", by their titles.
func sections(doc string) map[string]string {
	kept := map[string]string{}
	for part := range strings.SplitSeq("\n"+doc, "\n## ") {
		if title, text, ok := strings.Cut(part, "\n"); ok && !strings.HasPrefix(part, "\n") {
			kept[title] = "\n## " + title + "\n" + strings.TrimRight(text, "\n") + "\n"
		}
	}
	return kept
}

// document puts the sections together in the order of the suites.
func document(all []suite, kept map[string]string) []byte {
	doc := bytes.NewBufferString(heading)
	for _, s := range all {
		doc.WriteString(kept[s.title])
	}
	return doc.Bytes()
}

// cpu is the processor's name where Linux tells it.
func cpu() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// measure runs the suite and writes its table to doc and standard output.
func (s suite) measure(ctx context.Context, doc io.Writer) error {
	fmt.Printf("\n%s: go test -bench %s %s\n", s.title, s.bench, strings.Join(s.args, " "))
	args := append([]string{"test", "-run", "^$", "-bench", s.bench, "-benchmem", "-timeout", "60m"}, s.args...)
	cmd := exec.CommandContext(ctx, "go", append(args, s.pkg)...)
	cmd.Dir, cmd.Stderr = s.dir, os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, raw)
	}
	got, err := parse(raw)
	if err != nil {
		return err
	}
	table := io.MultiWriter(doc, os.Stdout)
	fmt.Fprintf(table, "\n## %s\n\n| what | value | least – largest | ratio to baseline | wanted | |\n| --- | --- | --- | --- | --- | --- |\n", s.title)
	for _, f := range s.figures {
		row, err := f.row(got)
		if err != nil {
			return err
		}
		fmt.Fprintln(table, row)
	}
	fmt.Fprintf(doc, "\nMeasured on %s, %s/%s, %d cores (%s), %s: `go test -run '^$' -bench '%s' %s %s`\n", time.Now().UTC().Format("2006-01-02 15:04 MST"),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu(), runtime.Version(), s.bench, strings.Join(s.args, " "), s.pkg)
	return nil
}

// parse reads lines like "BenchmarkX-2  10  123 ns/op  4.5 p99-ms".
func parse(raw []byte) (samples, error) {
	got := samples{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(words[0], "Benchmark"), "-")
		if got[name] == nil {
			got[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(words); i += 2 {
			v, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("line %q: %w", lines.Text(), err)
			}
			got[name][words[i+1]] = append(got[name][words[i+1]], v)
		}
	}
	if len(got) == 0 {
		return nil, errors.New("no benchmark ran")
	}
	return got, lines.Err()
}

func (f figure) row(got samples) (string, error) {
	values := slices.Clone(got[f.bench][f.metric])
	if len(values) == 0 {
		return "", fmt.Errorf("benchmark %s printed no %s", f.bench, f.metric)
	}
	slices.Sort(values)
	value, ratio, shown := median(values), 0.0, ""
	if f.base != "" {
		base := slices.Clone(got[f.base][f.metric])
		if len(base) == 0 {
			return "", fmt.Errorf("baseline %s printed no %s", f.base, f.metric)
		}
		slices.Sort(base)
		if ratio = value / median(base); f.invert {
			ratio = 1 / ratio
		}
		shown = fmt.Sprintf("%.3g×", ratio)
	}
	verdict := ""
	if f.ok != nil {
		verdict = "missed"
		if f.ok(value*f.scale, ratio) {
			verdict = "reached"
		}
	}
	return fmt.Sprintf("| %s | %.4g %s | %.4g – %.4g | %s | %s | %s |", f.what, value*f.scale, f.unit,
		values[0]*f.scale, values[len(values)-1]*f.scale, shown, f.wanted, verdict), nil
}

// median of sorted values.
func median(v []float64) float64 {
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
