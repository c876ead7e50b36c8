package main

func judging() suite {
	return suite{title: "Judging: 10,000 waiting frames, 200 judges at once, durable", pkg: "./app/moderation", bench: "^Benchmark(Page|Judg|Reestimate)",
		args: []string{"-count", "3", "-benchtime", "1x"},
		figures: []figure{
			{what: "200 at once list 18 waiting frames from the database, 99 % under", bench: "PageBaseline", metric: "p99-ms", scale: 1, unit: "ms"},
			{what: "200 new judges ask for a page of 18 at once, 99 % under", bench: "Pages", metric: "p99-ms", scale: 1, unit: "ms", base: "PageBaseline",
				wanted: "under 50 ms", ok: func(v, _ float64) bool { return v < 50 }},
			{what: "CPU for such a page", bench: "Pages", metric: "cpu-ms/page", scale: 1, unit: "ms"},
			{what: "a page while 200 judges give 500 judgments a second, 99 % under", bench: "Judging", metric: "page-p99-ms", scale: 1, unit: "ms",
				wanted: "under 50 ms", ok: func(v, _ float64) bool { return v < 50 }},
			{what: "judgments taken then", bench: "Judging", metric: "judgments/s", scale: 1, unit: "/s"},
			{what: "cores busy then", bench: "Judging", metric: "cores", scale: 1, unit: "cores"},
			{what: "bare rows, each durable, by 200 writers", bench: "JudgmentsBaseline", metric: "judgments/s", scale: 1, unit: "/s"},
			{what: "judgments as fast as 200 judges can", bench: "Judgments", metric: "judgments/s", scale: 1, unit: "/s", base: "JudgmentsBaseline",
				wanted: "at least 500 a second", ok: func(v, _ float64) bool { return v >= 500 }},
			{what: "re-estimate of 1,000 judges from 100,000 judgments", bench: "Reestimate", metric: "ns/op", scale: 1e-9, unit: "s",
				wanted: "under 5 s", ok: func(v, _ float64) bool { return v < 5 }},
		}}
}
