package main

// queueing is about the office alone: nothing is made to order, and what sends is a stand-in
// that costs nothing, but in the last of them.
func queueing() []suite {
	return []suite{claiming(), looking(), settling(), waking(), accepting(), sharing(), resting(), isolating()}
}

func claiming() suite {
	return suite{title: "The queue with 1,000,000 deliveries waiting for 300 subscribers", pkg: "./app/deliver", bench: "^BenchmarkClaim$", args: []string{"-count", "1", "-benchtime", "100x"},
		figures: []figure{
			{what: "50 of a subscriber are claimed, durably", bench: "Claim", metric: "ns/op", scale: 1e-6, unit: "ms", wanted: "under 10 ms", ok: func(v, _ float64) bool { return v < 10 }},
			{what: "the same, CPU", bench: "Claim", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU"},
			{what: "a look at who has something waiting", bench: "Claim", metric: "look-cpu-ms", scale: 1, unit: "ms of CPU"},
		}}
}

func looking() suite {
	return suite{title: "What the pages ask of the same queue", pkg: "./app/deliver", bench: "^BenchmarkInsight$", args: []string{"-count", "1", "-benchtime", "10x"},
		figures: []figure{
			{what: "the board of all 300 subscribers", bench: "Insight", metric: "board-cpu-ms", scale: 1, unit: "ms of CPU"},
			{what: "one subscriber with its last 48 hours", bench: "Insight", metric: "page-cpu-ms", scale: 1, unit: "ms of CPU"},
		}}
}

func settling() suite {
	return suite{title: "Claiming and settling without sending, durably, each try written down", pkg: "./app/deliver", bench: "^BenchmarkSettle$", args: []string{"-count", "3", "-benchtime", "3x"},
		figures: []figure{
			{what: "one delivery a transaction", bench: "Settle/Singly", metric: "rows/s", scale: 1, unit: "/s"},
			{what: "in batches of 64 for each of 20 subscribers", bench: "Settle/Batches", metric: "rows/s", scale: 1, unit: "/s", base: "Settle/Singly",
				wanted: "at least 10,000", ok: func(v, _ float64) bool { return v >= 10_000 }},
			{what: "the same, CPU a delivery", bench: "Settle/Batches", metric: "cpu-us/row", scale: 1, unit: "µs of CPU", wanted: "under 100 µs: 10,000 a second and core",
				ok: func(v, _ float64) bool { return v < 100 }},
		}}
}

func waking() suite {
	return suite{title: "A picture is queued for an office at rest", pkg: "./app/deliver", bench: "^BenchmarkWoken$", args: []string{"-count", "3", "-benchtime", "50x"},
		figures: []figure{
			{what: "one durable write alone, half stayed under", bench: "Woken", metric: "write-ms", scale: 1, unit: "ms"},
			{what: "from queued to being sent, half stayed under", bench: "Woken", metric: "p50-ms", scale: 1, unit: "ms", wanted: "under 150 ms", ok: func(v, _ float64) bool { return v < 150 }},
			{what: "from queued to being sent, 95 % stayed under", bench: "Woken", metric: "p95-ms", scale: 1, unit: "ms"},
		}}
}

func accepting() suite {
	return suite{title: "A whole site at rest takes in a photograph of 200 kB from a trusted account; a subscriber has a folder", pkg: "./app", bench: "^BenchmarkAccepted$",
		args: []string{"-count", "3", "-benchtime", "20x"},
		figures: []figure{
			{what: "from accepted to sent, durably, half stayed under", bench: "Accepted", metric: "p50-ms", scale: 1, unit: "ms", wanted: "under 150 ms", ok: func(v, _ float64) bool { return v < 150 }},
			{what: "from accepted to sent, 95 % stayed under", bench: "Accepted", metric: "p95-ms", scale: 1, unit: "ms"},
		}}
}

func sharing() suite {
	return suite{title: "One subscriber with 100,000 waiting over 32 connections, and 50 with one each", pkg: "./app/deliver", bench: "^BenchmarkFairness$", args: []string{"-count", "3", "-benchtime", "1x"},
		figures: []figure{
			{what: "the last of the 50 waits", bench: "Fairness", metric: "last-ms", scale: 1, unit: "ms", wanted: "under 2 s", ok: func(v, _ float64) bool { return v < 2000 }},
		}}
}

func resting() suite {
	quiet := func(v, _ float64) bool { return v < 2 }
	return suite{title: "1,000 subscribers at rest", pkg: "./app/deliver", bench: "^BenchmarkIdle$", args: []string{"-count", "1", "-benchtime", "1x"},
		figures: []figure{
			{what: "nothing waits", bench: "Idle/Empty", metric: "core-%", scale: 1, unit: "% of a core", wanted: "under 2 %", ok: quiet},
			{what: "ten pictures each wait for their hours", bench: "Idle/Held", metric: "core-%", scale: 1, unit: "% of a core", wanted: "under 2 %", ok: quiet},
		}}
}

func isolating() suite {
	return suite{title: "200 subscribers by HTTP, 100 pictures of 200 kB a second, senders and receivers on the same cores", pkg: "./app/deliver", bench: "^BenchmarkIsolation$",
		args: []string{"-count", "5", "-benchtime", "1x"},
		figures: []figure{
			{what: "all are well: wait that 95 % stayed under", bench: "Isolation/Alone", metric: "p95-ms", scale: 1, unit: "ms"},
			{what: "one is silent and one takes 1 kB/s: the others' wait that 95 % stayed under", bench: "Isolation/Beside", metric: "p95-ms", scale: 1, unit: "ms", base: "Isolation/Alone",
				wanted: "at most 1.2×", ok: func(_, ratio float64) bool { return ratio <= 1.2 }},
			{what: "all are well: CPU a delivery, senders and receivers", bench: "Isolation/Alone", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU"},
			{what: "with those two: CPU a delivery of the others", bench: "Isolation/Beside", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU", base: "Isolation/Alone",
				wanted: "at most 1.2×", ok: func(_, ratio float64) bool { return ratio <= 1.2 }},
		}}
}
