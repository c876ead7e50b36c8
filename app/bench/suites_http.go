package main

// posting is the senders by HTTP, alone and behind the office.
func posting() []suite {
	return []suite{
		{title: "Pictures of 200 kB by HTTP over eight kept connections; the baseline is plain PUTs of net/http", pkg: "./app/deliver/send", bench: "^BenchmarkHTTP$",
			args: []string{"-count", "3", "-benchtime", "3000x"},
			figures: []figure{
				{what: "plain PUTs, thrown away where they arrive", bench: "HTTP/Put", metric: "pictures/s", scale: 1, unit: "/s"},
				{what: "signed forms with metadata, thrown away where they arrive", bench: "HTTP/Send", metric: "pictures/s", scale: 1, unit: "/s", base: "HTTP/Put"},
				{what: "the same, CPU of sender and server for a picture", bench: "HTTP/Send", metric: "cpu-us/op", scale: 1e-3, unit: "ms of CPU", base: "HTTP/Put"},
				{what: "to examples/receiver, which checks and stores them durably", bench: "HTTP/Receiver", metric: "pictures/s", scale: 1, unit: "/s", base: "HTTP/Put",
					wanted: "at least 278 a second", ok: func(v, _ float64) bool { return v >= 278 }},
			}},
		{title: "The office sends pictures of 200 kB by HTTP to 20 subscribers for a minute, durable on both sides, the receiver on the same cores", pkg: "./app/deliver", bench: "^BenchmarkSustained$",
			args: []string{"-count", "1", "-benchtime", "60s"},
			figures: []figure{
				{what: "claimed, sent, checked, stored and noted", bench: "Sustained", metric: "pictures/s", scale: 1, unit: "/s",
					wanted: "at least 278 a second (1,000,000 an hour)", ok: func(v, _ float64) bool { return v >= 278 }},
				{what: "CPU of the office for a picture", bench: "Sustained", metric: "cpu-ms/op", scale: 1, unit: "ms of CPU"},
			}},
	}
}
