package main

// filing is the senders alone, without the queue, to a real server on the same cores.
func filing() suite {
	rows := func(protocol, base, baseline, wanted string, least float64) []figure {
		send := protocol + "/Send"
		return []figure{
			{what: baseline, bench: base, metric: "pictures/s", scale: 1, unit: "pictures/s"},
			{what: protocol, bench: send, metric: "pictures/s", scale: 1, unit: "pictures/s", base: base,
				wanted: wanted, ok: func(v, _ float64) bool { return v >= least }},
			{what: protocol + ", CPU of the sender for a picture", bench: send, metric: "cpu-us/op", scale: 1e-3, unit: "ms of CPU"},
		}
	}
	s := suite{title: "Pictures of 200 kB by FTP, FTPS and SFTP over four kept connections, each under a temporary name, compared and renamed; vsftpd and OpenSSH on the same cores",
		pkg: "./app/deliver/send", bench: "^Benchmark(FTP|FTPS|SFTP)$", args: []string{"-count", "3", "-benchtime", "1000x"}}
	s.figures = append(s.figures, rows("FTP", "FTP/Lftp", "lftp puts them by FTP over one connection", "at least 139 a second (500,000 an hour)", 139)...)
	s.figures = append(s.figures, rows("FTPS", "FTPS/Logins", "the bare library puts them by FTPS, a login each", "at least 70 a second (250,000 an hour)", 70)...)
	s.figures = append(s.figures, rows("SFTP", "SFTP/Client", "OpenSSH's sftp puts them over one connection", "at least 70 a second (250,000 an hour)", 70)...)
	return s
}

// carrying is the same with the queue and the database, as a site does it.
func carrying() suite {
	s := suite{title: "The office sends pictures of 200 kB by FTP, FTPS and SFTP to five subscribers, durably; vsftpd and OpenSSH on the same cores",
		pkg: "./app/deliver/send", bench: "^BenchmarkOffice$", args: []string{"-count", "3", "-benchtime", "2000x"}}
	for _, p := range []struct {
		name, wanted string
		least        float64
	}{{"FTP", "at least 139 a second (500,000 an hour)", 139}, {"FTPS", "at least 70 a second (250,000 an hour)", 70}, {"SFTP", "at least 70 a second (250,000 an hour)", 70}} {
		s.figures = append(s.figures,
			figure{what: p.name + ": claimed, sent, compared, renamed and noted", bench: "Office/" + p.name, metric: "pictures/s", scale: 1, unit: "pictures/s",
				wanted: p.wanted, ok: func(v, _ float64) bool { return v >= p.least }},
			figure{what: p.name + ", CPU of the office for a picture", bench: "Office/" + p.name, metric: "cpu-us/op", scale: 1e-3, unit: "ms of CPU"})
	}
	return s
}
