package deliver

import (
	"encoding/json"
	"time"
)

// Limits are how fast, and when, a subscriber wants its pictures; 0 means no limit, but
// for Connections.
type Limits struct {
	PerMinute      int     `json:"per_minute,omitempty"`       // deliveries
	Connections    int     `json:"connections,omitempty"`      // at once, 1 to 32; 0 means 2
	BytesPerSecond int64   `json:"bytes_per_second,omitempty"` // over all connections
	PerDay         int     `json:"per_day,omitempty"`          // deliveries, from midnight to midnight in Zone
	Hours          []Hours `json:"hours,omitempty"`            // in which pictures may go; none means always
	Zone           string  `json:"zone,omitempty"`             // an IANA name of Hours and PerDay; "" means UTC
}

// Hours are a stretch of the day from From (included) to Until (excluded), as "HH:MM";
// from 22:00 until 06:00 goes over midnight.
type Hours struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// Destination is where a subscriber's pictures go.
type Destination struct {
	Subscriber string
	URL        string // without a password; https, http, ftp, ftps (implicit TLS), ftpes (explicit), sftp, s3 or file
	HasSecret  bool
	HostKey    string // SFTP: the pinned key, as in authorized_keys; "" before the first use
	Style      string // of HTTP: multipart, or link: JSON with a signed expiring link
	MayDelete  bool   // a recalled picture is deleted there
	Made       json.RawMessage
	Limits     Limits
	Failed     bool   // nothing is sent until somebody resumes it
	Reason     string // why it failed
	FailedAt   time.Time
	Changed    time.Time
}
