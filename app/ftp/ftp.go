// Package ftp is the door for photographers' cameras and tools: FTP (RFC 959, 2428, 3659),
// FTP over TLS (RFC 4217) and SFTP. It only takes files in. What it takes goes through
// ingest.Door.Accept, as from every other door, and 226, or SFTP's OK to CLOSE, is
// answered only when the picture can't be lost any more.
//
//	          STOR, APPE, open                     its end, whole, a picture's name
//	nothing ──────────────────► part ─────────────────────────────────────────────► taken
//	                             │ ▲ ▲                                        │
//	        its end, a temporary │ │ └── REST, APPE go on                     │ Accept says no
//	                        name ▼ │                                          ▼
//	                            held ──RNTO a picture's name, whole──► …   refused
//
// A file is a part while it arrives and when its connection breaks. A picture that ends
// before its format says so stays a part as well, since FTP can't tell a broken
// connection from the end of a file. A part's bytes lie in the spool, a file each.
//
// An account sees one folder of its own. Files that are not taken yet, and for a day
// (Keep) those that were, stand where they were sent to; beside them three folders show
// what became of them: waiting (for a verdict), accepted, and refused, where NAME.txt
// says why. These texts are all that can be read. Nothing that was taken can be changed
// or removed here; sending a file again under its name is a correction. Folders that
// clients make are remembered and mean nothing, but they belong to the file's name.
package ftp

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"oneframe/app/ingest"
	"oneframe/app/people"
	"oneframe/app/store"
)

// Settings are what the config says about the doors.
type Settings struct {
	FTP, FTPS, SFTP string // addresses to listen on, FTPS with implicit TLS; "" for none
	TLS             string // off, optional or required
	Cert, Key       string // PEM files of the site's certificate; while they aren't there, a self-signed one of our own
	Public          string // address or name that clients behind the internet reach us by; "" for the one they called
	From, To        int    // ports for passive data connections
	MaxBytes        int64  // of a file
	Keep            time.Duration
	Idle            time.Duration // how long a connection may be silent
	Limits          Limits
	LogAddresses    bool
}

// Limits bound what one sender can take. Limits of 0 are none.
type Limits struct {
	Connections, PerAddress, PerAccount int
	BytesPerDay                         int64 // of one account, from midnight UTC
	PerMinute                           int   // files of one account
	Spool                               int64 // bytes of unfinished files of one account
	Logins                              int   // failed ones of one address in a quarter of an hour
}

// Server is the doors. Make one a process; its methods may be called from any goroutine.
type Server struct {
	DB     *store.DB
	People *people.Register
	Door   *ingest.Door
	Dir    string // the spool, the host key and the self-signed certificate
	Settings
	Log *slog.Logger

	senders senders // what accounts and addresses are doing
	once    sync.Once
	room    *semaphore.Weighted
}

// maxMemory bounds the bytes of files that are read and handed on at the same time.
const maxMemory = 100e6

func (s *Server) memory() *semaphore.Weighted {
	s.once.Do(func() { s.room = semaphore.NewWeighted(maxMemory) })
	return s.room
}
