package ftp

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"oneframe/app/fault"
)

// maxAddresses bounds how many addresses with failed logins are remembered.
const maxAddresses = 20_000

// senders counts what addresses and accounts are doing. The zero one is ready.
type senders struct {
	mu        sync.Mutex // guards what follows
	all       int
	addresses map[netip.Prefix]int // connections
	accounts  map[string]*sender
	failed    map[netip.Prefix]*tries
	open      map[fileKey]*upload
}

// tries are an address's failed logins in the quarter of an hour that ends at until.
type tries struct {
	n     int
	until time.Time
}

const loginWindow = 15 * time.Minute

// fileKey names what is being received.
type fileKey struct{ account, path string }

// sender is an account that has sent something, or is connected.
type sender struct {
	connections int
	files       *rate.Limiter
	day         time.Time // whose bytes are counted
	bytes       int64
}

// neighbours is who shares a limit: one IPv4 address, or the /64 that a provider gives
// one IPv6 customer.
func neighbours(a net.Addr) netip.Prefix {
	port, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := port.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip, bits).Masked()
}

// arrive counts a connection, or says why it can't be taken. Every connection that was
// counted departs.
func (s *senders) arrive(from netip.Prefix, l Limits, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tooMany(from, l, now):
		return tooManyLogins()
	case l.Connections > 0 && s.all >= l.Connections:
		return fault.New(fault.Busy, "too_many_connections", "Too many connections; please try again later.")
	case l.PerAddress > 0 && s.addresses[from] >= l.PerAddress:
		return fault.New(fault.Busy, "too_many_connections", "Too many connections from your address; there may be %d.", l.PerAddress)
	}
	if s.addresses == nil {
		s.addresses = map[netip.Prefix]int{}
	}
	s.all++
	s.addresses[from]++
	return nil
}

func (s *senders) depart(from netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.addresses[from]--; s.addresses[from] == 0 {
		delete(s.addresses, from)
	}
}

// mayTry counts an attempt to log in as a failure, until it has succeeded, and says
// where there were too many.
func (s *senders) mayTry(from netip.Prefix, l Limits, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tooMany(from, l, now) {
		return tooManyLogins()
	}
	t := s.failed[from]
	if t == nil || now.After(t.until) {
		if s.failed == nil || len(s.failed) >= maxAddresses {
			s.failed = map[netip.Prefix]*tries{} // forgetting is better than growing; the counts begin anew
		}
		t = &tries{until: now.Add(loginWindow)}
		s.failed[from] = t
	}
	t.n++
	return nil
}

func (s *senders) tooMany(from netip.Prefix, l Limits, now time.Time) bool {
	t := s.failed[from]
	return l.Logins > 0 && t != nil && t.n >= l.Logins && !now.After(t.until)
}

func tooManyLogins() error {
	return fault.New(fault.Busy, "too_many_logins", "Too many failed logins from your address; please try again in a quarter of an hour.")
}

func (s *senders) succeeded(from netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.failed[from]; t != nil {
		t.n--
	}
}

func (s *senders) sender(account string, l Limits) *sender {
	if s.accounts == nil {
		s.accounts = map[string]*sender{}
	}
	a := s.accounts[account]
	if a == nil {
		a = &sender{}
		if l.PerMinute > 0 {
			a.files = rate.NewLimiter(rate.Limit(float64(l.PerMinute)/60), l.PerMinute)
		}
		s.accounts[account] = a
	}
	return a
}

// enter counts a logged-in connection of the account.
func (s *senders) enter(account string, l Limits) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.sender(account, l)
	if l.PerAccount > 0 && a.connections >= l.PerAccount {
		return fault.New(fault.Busy, "too_many_connections", "Too many connections of this account; there may be %d.", l.PerAccount)
	}
	a.connections++
	return nil
}

func (s *senders) leave(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[account].connections--
}

// begin counts a file, and says where the account has sent too many or too much;
// earlier gives how many bytes the tables know of since midnight, where nothing was
// counted yet.
func (s *senders) begin(account string, l Limits, now time.Time, earlier func(midnight time.Time) (int64, error)) error {
	today := now.UTC().Truncate(24 * time.Hour)
	s.mu.Lock()
	a := s.sender(account, l)
	known := a.day.Equal(today)
	s.mu.Unlock()
	var before int64
	if !known {
		var err error
		if before, err = earlier(today); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !a.day.Equal(today) {
		a.day, a.bytes = today, before
	}
	if l.BytesPerDay > 0 && a.bytes >= l.BytesPerDay {
		return fault.New(fault.Busy, "too_much_today", "This account has sent all that it may in a day; please go on tomorrow.")
	}
	if a.files != nil && !a.files.AllowN(now, 1) {
		return fault.New(fault.Busy, "too_fast", "That is more than %d files a minute; please go on in a moment.", l.PerMinute)
	}
	return nil
}

// add counts bytes, and says where they are more than the account may send in a day.
func (s *senders) add(account string, l Limits, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.sender(account, l)
	if a.bytes += int64(n); l.BytesPerDay > 0 && a.bytes > l.BytesPerDay {
		return fault.New(fault.Busy, "too_much_today", "This account has sent all that it may in a day; please go on tomorrow.")
	}
	return nil
}

// claim makes u the one that receives its file, and gives the upload that was at it: its
// connection is gone, though nobody has noticed yet.
func (s *senders) claim(u *upload) (before *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[fileKey]*upload{}
	}
	k := fileKey{u.row.account, u.row.path}
	before, s.open[k] = s.open[k], u
	return before
}

func (s *senders) release(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := (fileKey{u.row.account, u.row.path}); s.open[k] == u {
		delete(s.open, k)
	}
}

// receiving gives the upload that is at the path, or nil.
func (s *senders) receiving(account, path string) *upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[fileKey{account, path}]
}
