package main

// ordering is on a photograph of 6000×4000 pixels that is wanted at most 2000 pixels long
// and 200 kB large.
func ordering() suite {
	row := func(what, bench, unit string, scale float64) figure {
		return figure{what: what, bench: bench, metric: "cpu-ms/op", scale: scale, unit: unit}
	}
	one, fifty, made := row("for one subscriber", "Make1", "ms of CPU", 1), row("for fifty subscribers, each with its own metadata", "Make50", "ms of CPU", 1), row("a delivery of one that lies there: metadata, checksum, read", "Made", "ms of CPU", 1)
	one.base, one.wanted, one.ok = "Plain", "no more", func(_, ratio float64) bool { return ratio <= 1 }
	fifty.base, fifty.wanted, fifty.ok = "Make1", "at most 1.5×", func(_, ratio float64) bool { return ratio <= 1.5 }
	made.base, made.wanted, made.ok = "Make1", "under 3 ms", func(v, _ float64) bool { return v < 3 }
	return suite{title: "A 24-megapixel JPEG made to order: 2000 pixels, 200 kB", pkg: "./app/deliver/order", bench: "^Benchmark(Plain|Make1|Make50|Made|Original)$",
		args: []string{"-count", "3", "-benchtime", "5x"},
		figures: []figure{
			row("image/jpeg + nfnt Lanczos3, quality lowered until it fits", "Plain", "ms of CPU", 1),
			one, fifty, made,
			row("a delivery of the original, byte for byte, before it is read", "Original", "µs of CPU", 1000),
		}}
}
