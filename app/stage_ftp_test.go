package app

import (
	"context"
	"os"
	"strings"

	"oneframe/app/ftp"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// photographerVerbs are the words of those who send by FTP.
func photographerVerbs() []verb {
	return []verb{
		says(`(\w+) sends (\S+) by FTP as (\S+)`, func(s *stage, w []string) string { return s.store(w[0], "STOR "+w[2], s.half(w[1], 0, 2)) }),
		says(`(\w+) sends half of (\S+) by FTP as (\S+)`, func(s *stage, w []string) string { return s.store(w[0], "STOR "+w[2], s.half(w[1], 0, 1)) }),
		says(`(\w+) sends the rest of (\S+) by FTP as (\S+)`, func(s *stage, w []string) string { return s.store(w[0], "APPE "+w[2], s.half(w[1], 1, 2)) }),
		says(`(\w+) renames (\S+) to (\S+)`, func(s *stage, w []string) string {
			if got := s.tell(w[0], "RNFR "+w[1]); got != "350" {
				return got
			}
			return strings.TrimPrefix(s.tell(w[0], "RNTO "+w[2]), "250")
		}),
		says(`(\w+) asks (.+)`, func(s *stage, w []string) string { return s.tell(w[0], w[1]) }),
		says(`(\w+)'s folder (\S+) shows`, (*stage).ftpFolder),
		says(`the photograph (\S+) is`, func(s *stage, w []string) string { state, _ := s.fate(w[0]); return state }),
		says(`the photograph (\S+) was`, func(s *stage, w []string) string { _, events := s.fate(w[0]); return events }),
	}
}

// half reads a file of the shared data, from one half's beginning to another's end.
func (s *stage) half(name string, from, to int) []byte {
	s.Helper()
	raw, err := os.ReadFile(testdata.Path(s, name))
	if err != nil {
		s.Fatal(err)
	}
	return raw[len(raw)*from/2 : len(raw)*to/2]
}

// door opens the FTP door where it isn't open yet, and logs in.
func (s *stage) door(name string) *sender {
	s.Helper()
	if s.ftp == "" {
		s.App.FTP.Settings.FTP = "127.0.0.1:0"
		ctx, stop := context.WithCancel(context.Background())
		ready, ended := make(chan ftp.Addresses, 1), make(chan error, 1)
		go func() { ended <- s.App.FTP.Serve(ctx, func(at ftp.Addresses) { ready <- at }) }()
		s.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				s.Error(err)
			}
		})
		s.ftp = (<-ready).FTP
	}
	p := s.who(name)
	if p.ftp == nil {
		var err error
		if p.ftp, err = newSender(s.ftp, name, "a long password"); err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { _ = p.ftp.conn.Close() })
	}
	return p.ftp
}

// store sends a file; it gives "" for 226, else the code of the refusal.
func (s *stage) store(name, command string, data []byte) string {
	s.Helper()
	verb, file, _ := strings.Cut(command, " ")
	return code(s, s.door(name).send(verb, file, data))
}

// tell gives a command's code.
func (s *stage) tell(name, command string) string {
	s.Helper()
	c := s.door(name)
	err := c.do(command, "never")
	return code(s, err)
}

// code takes the answer's code out of an error.
func code(s *stage, err error) string {
	s.Helper()
	if err == nil {
		return ""
	}
	_, answer, ok := strings.Cut(err.Error(), `answered "`)
	if !ok {
		s.Fatal(err)
	}
	return answer[:3]
}

// ftpFolder gives the names in a photographer's folder.
func (s *stage) ftpFolder(w []string) string {
	s.Helper()
	listed, err := s.door(w[0]).list(w[1])
	if err != nil {
		s.Fatal(err)
	}
	return strings.Join(strings.Fields(listed), " ")
}

// fate gives the state of the picture with the file name and what happened to it;
// "unknown" where there is none.
func (s *stage) fate(name string) (state, events string) {
	s.Helper()
	state = "unknown"
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) error {
		page, _, err := picture.List(tx, picture.Query{Kind: picture.Photos, Limit: 500})
		for _, p := range page {
			if p.FileName != name {
				continue
			}
			state = string(p.State)
			all, err := picture.Events(tx, p.ID)
			if err != nil {
				return err
			}
			var kinds []string
			for _, e := range all {
				kinds = append(kinds, e.Kind)
			}
			events = strings.Join(kinds, " ")
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return state, events
}
