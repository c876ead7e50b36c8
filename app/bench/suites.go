package main

// suites are the figures of the design that the rooms reach so far.
func suites() []suite {
	return append([]suite{scaling(), rendering(), importing(), leasing(), serving(), describing(), judging(), photographers(), connections(), searching(), matching(), compiling(), otherEngine(), ordering(), filing(), carrying()}, append(posting(), queueing()...)...)
}

func scaling() suite {
	return suite{title: "Scaling a 1280×720 webcam JPEG to three sizes", pkg: "./app/rendition", bench: "^Benchmark(Make|Baseline)720$",
		args: []string{"-count", "5", "-benchtime", "40x"},
		figures: []figure{
			{what: "image/jpeg + nfnt Lanczos3, three times from the original", bench: "Baseline720", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU"},
			{what: "rendition.Make", bench: "Make720", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU", base: "Baseline720", invert: true,
				wanted: "at least 2.5× the images", ok: func(_, ratio float64) bool { return ratio >= 2.5 }},
			{what: "allocated by rendition.Make", bench: "Make720", metric: "B/op", scale: 1e-6, unit: "MB", base: "Baseline720",
				wanted: "under 4 MB", ok: func(v, _ float64) bool { return v < 4 }},
		}}
}

func rendering() suite {
	plain := func(what, bench string) figure {
		return figure{what: what, bench: bench, metric: "ns/op", scale: 1e-9, unit: "s"}
	}
	row := func(what, bench, base, wanted string, most float64) figure {
		f := figure{what: what, bench: bench, metric: "ns/op", scale: 1e-9, unit: "s", base: base, wanted: wanted}
		if wanted != "" {
			f.ok = func(_, ratio float64) bool { return ratio <= most }
		}
		return f
	}
	filled := func(what, bench, wanted string, most float64) figure {
		return row(what, "Render/"+bench, "Render/Plain", wanted, most)
	}
	empty := func(what, bench, wanted string, most float64) figure {
		return row(what, "Empty/"+bench, "Empty/Plain", wanted, most)
	}
	return suite{title: "Rendering a 3:40 clip, 1280×720, two thirds of 2,750 slots filled; an empty clip", pkg: "./app/clip", bench: "^Benchmark(Render|Empty)$",
		args: []string{"-count", "1", "-benchtime", "1x"},
		figures: []figure{
			plain("one plain ffmpeg encode of the same timeline", "Render/Plain"),
			filled("full render", "Full", "at most 0.7×", 0.7),
			{what: "full render, CPU of all processes", bench: "Render/Full", metric: "cpu-s/op", scale: 1, unit: "s", base: "Render/Plain"},
			filled("again, nothing changed", "Nothing", "under 0.005×, no new file", 0.005),
			filled("again, one slot changed", "One", "under 0.01×", 0.01),
			filled("again, 50 neighbouring slots changed", "FiftyNeighbours", "under 0.03×", 0.03),
			filled("again, 50 slots at random changed", "Fifty", "under 0.03×", 0.03),
			filled("again, 200 slots at random changed", "TwoHundred", "under 0.08×", 0.08),
			{what: "size of the file", bench: "Render/Full", metric: "MB", scale: 1, unit: "MB", base: "Render/Plain",
				wanted: "at most 1.18×", ok: func(_, ratio float64) bool { return ratio <= 1.18 }},
			{what: "SSIM of the plain encode, mean", bench: "Render/Same", metric: "ssim-plain", scale: 1},
			{what: "SSIM of the joined clip, mean", bench: "Render/Same", metric: "ssim-units", scale: 1},
			{what: "how far the two SSIMs are apart", bench: "Render/Same", metric: "ssim-apart", scale: 1,
				wanted: "within 0.005", ok: func(v, _ float64) bool { return v <= 0.005 }},
			{what: "memory of the join", bench: "Render/Join", metric: "join-MB", scale: 1, unit: "MB",
				wanted: "under 100 MB", ok: func(v, _ float64) bool { return v < 100 }},
			filled("poster and moving preview of a version, after it is current", "Stills", "", 0),
			filled("an earlier version joined again", "Rejoin", "", 0),
			plain("one plain ffmpeg encode of the empty clip", "Empty/Plain"),
			empty("full render of the empty clip", "Full", "", 0),
			{what: "size of its file", bench: "Empty/Full", metric: "MB", scale: 1, unit: "MB", base: "Empty/Plain",
				wanted: "at most 1.18×", ok: func(_, ratio float64) bool { return ratio <= 1.18 }},
			empty("encoding ahead, at the lowest priority, what its first pictures will need", "Ahead", "", 0),
			empty("an empty clip, 50 neighbouring slots filled", "FiftyNeighbours", "under 0.04×", 0.04),
			empty("an empty clip, 50 slots at random filled", "Fifty", "under 0.15×", 0.15),
		}}
}

func importing() suite {
	return suite{title: "Importing a 3:40 video, 1920×1080, with 2,750 reference pictures", pkg: "./app/source", bench: "^BenchmarkImport$",
		args: []string{"-count", "1", "-benchtime", "1x"},
		figures: []figure{
			{what: "one plain ffmpeg conversion of the same file", bench: "Import/Plain", metric: "ns/op", scale: 1e-9, unit: "s"},
			{what: "import, checked and durable", bench: "Import/Whole", metric: "ns/op", scale: 1e-9, unit: "s", base: "Import/Plain",
				wanted: "at most 1.2×", ok: func(_, ratio float64) bool { return ratio <= 1.2 }},
		}}
}

func leasing() suite {
	return suite{title: "1,000 leases taken by 100 clients at once, over HTTP, durable", pkg: "./app", bench: "^BenchmarkLeases$",
		args: []string{"-count", "5", "-benchtime", "1x"},
		figures: []figure{
			{what: "wait that 99 % stayed under", bench: "Leases", metric: "p99-ms", scale: 1, unit: "ms",
				wanted: "under 100 ms", ok: func(v, _ float64) bool { return v < 100 }},
			{what: "leases a second", bench: "Leases", metric: "leases/s", scale: 1, unit: "/s"},
		}}
}

func serving() suite {
	row := func(what, bench string) []figure {
		return []figure{
			{what: what, bench: bench, metric: "req/s", scale: 1, unit: "requests/s", base: "Bare",
				wanted: "at least 5,000 a second", ok: func(v, _ float64) bool { return v >= 5000 }},
			{what: what + ", wait that 99 % stayed under", bench: bench, metric: "p99-ms", scale: 1, unit: "ms", base: "Bare",
				wanted: "under 20 ms", ok: func(v, _ float64) bool { return v < 20 }},
		}
	}
	return suite{title: "Pages over loopback, clients on the same cores; the baseline is a bare net/http handler", pkg: "./app/web", bench: "^Benchmark(Bare|Home|Timeline)$",
		args: []string{"-count", "5"}, figures: append(row("home page", "Home"), row("timeline", "Timeline")...)}
}

func describing() suite {
	return suite{title: "Reading the metadata of photographs from disk; the baseline is one exiftool that stays open", pkg: "./app/metadata", bench: "^Benchmark(Exiftool|Read)$",
		args: []string{"-count", "5", "-benchtime", "2s"},
		figures: []figure{
			{what: "exiftool -json -stay_open", bench: "Exiftool", metric: "files/s", scale: 1, unit: "files/s"},
			{what: "metadata.Read, with opening and reading the file", bench: "Read", metric: "files/s", scale: 1, unit: "files/s", base: "Exiftool",
				wanted: "at least 50×", ok: func(_, ratio float64) bool { return ratio >= 50 }},
			{what: "time that half of the files stay under", bench: "Read", metric: "median-ms", scale: 1, unit: "ms",
				wanted: "under 1 ms", ok: func(v, _ float64) bool { return v < 1 }},
		}}
}

func photographers() suite {
	row := func(what, bench, metric, unit, wanted string, most float64) figure {
		f := figure{what: what, bench: bench, metric: metric, scale: 1, unit: unit, wanted: wanted}
		if wanted != "" {
			f.ok = func(v, _ float64) bool { return v < most }
		}
		return f
	}
	return suite{title: "Pictures of 3 MB (3000×2000) by FTP from a trusted account, from the last byte to the feed; clients and scaling on the same cores",
		pkg: "./app", bench: "^BenchmarkFTP(Burst|Steady)$", args: []string{"-count", "3", "-benchtime", "1x"},
		figures: []figure{
			row("50 at once over 20 connections: wait that half stayed under", "FTPBurst", "p50-ms", "ms", "", 0),
			row("50 at once: wait that 95 % stayed under", "FTPBurst", "p95-ms", "ms", "under 2 s", 2000),
			row("50 at once: the same, from the moment when the first was begun", "FTPBurst", "p95-from-start-ms", "ms", "", 0),
			row("50 at once: until the last has its renditions", "FTPBurst", "scaled-ms", "ms", "", 0),
			row("one each 1.7 s, 50,000 a day: part of two cores", "FTPSteady", "cpu-%", "%", "under 25 %", 25),
			row("one each 1.7 s: wait that half stayed under", "FTPSteady", "p50-ms", "ms", "under 100 ms", 100),
			row("one each 1.7 s: wait that 99 % stayed under", "FTPSteady", "p99-ms", "ms", "under 250 ms", 250),
		}}
}

func connections() suite {
	return suite{title: "300 idle FTP connections, logged in", pkg: "./app", bench: "^BenchmarkFTPIdle$", args: []string{"-count", "1", "-benchtime", "1x"},
		figures: []figure{{what: "memory that the process took for them", bench: "FTPIdle", metric: "MB", scale: 1, unit: "MB",
			wanted: "under 30 MB", ok: func(v, _ float64) bool { return v < 30 }}}}
}

func searching() suite {
	return suite{title: "Searching a register of 1,000,000 pictures: twenty kinds of search, 50 pictures a page", pkg: "./app/picture", bench: "^BenchmarkSearch$",
		args: []string{"-count", "1", "-benchtime", "10x"},
		figures: []figure{
			{what: "time that half of the searches stay under", bench: "Search", metric: "p50-ms", scale: 1, unit: "ms"},
			{what: "time that 95 % of the searches stay under", bench: "Search", metric: "p95-ms", scale: 1, unit: "ms",
				wanted: "under 100 ms", ok: func(v, _ float64) bool { return v < 100 }},
		}}
}
