package main

// matching is on the stated synthetic load of app/feed/conditiontest: pictures with 20 to
// 40 keywords from a Zipf vocabulary of 20,000, 20 categories, 200 countries, 2,000
// cities, 500 photographers; rules of 1 to 4 clauses of 1 to 4 terms, about 0.4 % of which
// match a picture.
func matching() suite {
	return suite{title: "Matching a picture against the feed's rules, one core, from its record", pkg: "./app/feed", bench: "^BenchmarkMatch$",
		args: []string{"-count", "3", "-benchtime", "500x"},
		figures: []figure{
			{what: "each of 10,000 rules evaluated plainly", bench: "Match/10000/Plain", metric: "cpu-us/op", scale: 1, unit: "µs of CPU"},
			{what: "rules that match, of 10,000", bench: "Match/10000/Index", metric: "matches/op", scale: 1},
			{what: "10,000 rules", bench: "Match/10000/Index", metric: "cpu-us/op", scale: 1, unit: "µs of CPU", base: "Match/10000/Plain", invert: true,
				wanted: "at most 20 µs, at least 200× as fast", ok: func(v, ratio float64) bool { return v <= 20 && ratio >= 200 }},
			{what: "100,000 rules", bench: "Match/100000/Index", metric: "cpu-us/op", scale: 1, unit: "µs of CPU", wanted: "at most 200 µs",
				ok: func(v, _ float64) bool { return v <= 200 }},
		}}
}

func compiling() suite {
	return suite{title: "The feed's index of 100,000 rules, and a million past pictures", pkg: "./app/feed", bench: "^Benchmark(Build|Change|Past)$",
		args: []string{"-count", "3", "-benchtime", "1x"},
		figures: []figure{
			{what: "compile 100,000 rules", bench: "Build", metric: "cpu-s/op", scale: 1, unit: "s of CPU", wanted: "under 1.5 s", ok: func(v, _ float64) bool { return v < 1.5 }},
			{what: "the index in memory", bench: "Build", metric: "MB", scale: 1, unit: "MB", wanted: "under 40 MB", ok: func(v, _ float64) bool { return v < 40 }},
			{what: "a changed rule is visible, 500 others laid over", bench: "Change", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU", wanted: "under 50 ms",
				ok: func(v, _ float64) bool { return v < 50 }},
			{what: "a million pictures against 10,000 rules", bench: "Past", metric: "cpu-s/op", scale: 1, unit: "s of CPU", wanted: "under 20 s", ok: func(v, _ float64) bool { return v < 20 }},
		}}
}

func otherEngine() suite {
	return suite{title: "The same 10,000 rules as programs of github.com/expr-lang/expr", dir: "app/bench/expr", pkg: ".", bench: "^BenchmarkExpr$",
		args: []string{"-count", "3", "-benchtime", "20x"},
		figures: []figure{
			{what: "each program run", bench: "Expr/Programs", metric: "cpu-us/op", scale: 1, unit: "µs of CPU"},
			{what: "the index", bench: "Expr/Index", metric: "cpu-us/op", scale: 1, unit: "µs of CPU", base: "Expr/Programs", invert: true},
		}}
}
