package deliver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/seal"
	"oneframe/app/store"
)

// site is an office with a world to send to, in which nothing is real but the database.
type site struct {
	testing.TB
	DB     *store.DB
	Office *Office
	World  *world
	n      int
}

func newSite(t testing.TB) *site {
	t.Helper()
	box, err := seal.Open(t.TempDir() + "/key")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{arrived: map[string][]arrival{}, flying: map[string]int{}, most: map[string]int{}, opened: map[string]int{}, closed: map[string]int{}}
	s := &site{TB: t, DB: open(t), World: w}
	s.Office = s.newOffice(box)
	return s
}

func (s *site) newOffice(box *seal.Box) *Office {
	return &Office{DB: s.DB, Box: box, Log: slog.New(slog.DiscardHandler), Jitter: func() float64 { return 0.5 }, Open: s.World.open, Make: parcel}
}

const content = "0123456789"

// parcel makes any picture into a few bytes; more where its file name asks for them.
func parcel(_ context.Context, o Order) (send.Parcel, error) {
	text := content
	if n := 0; strings.HasPrefix(o.Picture.FileName, "big") {
		if _, err := fmt.Sscanf(o.Picture.FileName, "big%d", &n); err != nil {
			return send.Parcel{}, err
		}
		text = strings.Repeat("x", n)
	}
	return send.Parcel{Delivery: o.Delivery.ID, Picture: string(o.Picture.ID), Version: o.Delivery.Version, Kind: string(o.Delivery.Kind), Name: string(o.Picture.ID) + ".jpg",
		Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}, nil
}

// subscriber adds one that is sent to https://NAME.example/.
func (s *site) subscriber(name string, l Limits) {
	s.Helper()
	address := "https://" + name + ".example/"
	write(s, s.DB, func(tx *store.Tx) error {
		_, err := SetDestination(tx, s.Office.Box, name, NewDestination{URL: &address, Limits: &l})
		return err
	})
}

// picture adds one that may go out.
func (s *site) picture(id, file string, r metadata.Record) {
	s.Helper()
	write(s, s.DB, func(tx *store.Tx) error {
		if _, err := picture.Record(tx, picture.New{ID: picture.ID(id), Origin: "ftp", Account: "a", Original: "00", Type: "image/jpeg", FileName: file, Approver: "account:a"}); err != nil {
			return err
		}
		return picture.Describe(tx, picture.ID(id), r)
	})
}

// queue has n pictures wait for each of the subscribers.
func (s *site) queue(n int, subscribers ...string) {
	s.Helper()
	write(s, s.DB, func(tx *store.Tx) error {
		for range n {
			s.n++
			id := picture.ID(fmt.Sprintf("p%06d", s.n))
			if _, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: "a", Original: "00", Type: "image/jpeg", FileName: "x.jpg", Approver: "account:a"}); err != nil {
				return err
			}
			for _, x := range subscribers {
				if _, err := Enqueue(tx, New{Picture: id, Version: 1, Subscriber: x, Priority: 500}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// step lets the office do rounds until there is nothing more to do at this moment.
func (s *site) step() {
	s.Helper()
	for worked := true; worked; {
		var err error
		if worked, err = s.Office.Step(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
}

// serve runs the office until the test, or the function that it gives, ends it.
func (s *site) serve() (stop func()) {
	ctx, cancel := context.WithCancel(s.Context())
	var g sync.WaitGroup
	g.Go(func() {
		if err := s.Office.Serve(ctx); err != nil {
			s.Error(err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); g.Wait() })
	s.Cleanup(stop)
	return stop
}

// state tells how a subscriber's deliveries stand, as "2 sent, 1 due".
func (s *site) state(subscriber string) string {
	s.Helper()
	var all []string
	if err := s.DB.Read(s.Context(), func(tx *store.Tx) error {
		for _, st := range States() {
			n, err := Count(tx, subscriber, st)
			if err != nil {
				return err
			}
			if n > 0 {
				all = append(all, fmt.Sprintf("%d %s", n, st))
			}
		}
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	return strings.Join(all, ", ")
}

func (s *site) is(subscriber, want string) {
	s.Helper()
	if got := s.state(subscriber); got != want {
		s.Errorf("%s has %q, want %q", subscriber, got, want)
	}
}

// list gives a subscriber's deliveries, the oldest first.
func (s *site) list(subscriber string) (all []Delivery) {
	s.Helper()
	if err := s.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
		all, err = store.Each(tx, scan, `SELECT `+columns+` FROM deliver_delivery WHERE subscriber = $1 ORDER BY id`, subscriber)
		return err
	}); err != nil {
		s.Fatal(err)
	}
	return all
}

// arrival is what came to a subscriber: a picture's id, or with a minus the recall of one.
type arrival struct {
	what, delivery string
	at             time.Time
}

// world is everything outside: who is up, and what arrived there.
type world struct {
	mu      sync.Mutex // guards what follows
	arrived map[string][]arrival
	flying  map[string]int // under way
	most    map[string]int // that were at once
	opened  map[string]int
	closed  map[string]int
	tries   int

	connect func(host string) error                                     // nil: all are up
	receive func(ctx context.Context, host string, p send.Parcel) error // before it counts as arrived
	recall  func(ctx context.Context, host string, r send.Recall) error
}

func (w *world) open(_ context.Context, t send.Target) (send.Sender, error) {
	host, _, _ := strings.Cut(t.URL.Host, ".")
	w.mu.Lock()
	connect := w.connect
	w.mu.Unlock()
	if connect != nil {
		if err := connect(host); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened[host]++
	return &carrier{w, host, t.URL}, nil
}

// has lists what arrived at a host.
func (w *world) has(host string) (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.arrived[host] {
		all = append(all, a.what)
	}
	return all
}

func (w *world) arrivals(host string) []arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]arrival{}, w.arrived[host]...)
}

// carrier is a sender into the world.
type carrier struct {
	w    *world
	host string
	url  *url.URL
}

func (c *carrier) Send(ctx context.Context, p send.Parcel) (send.Receipt, error) {
	c.w.mu.Lock()
	c.w.flying[c.host]++
	c.w.tries++
	c.w.most[c.host] = max(c.w.most[c.host], c.w.flying[c.host])
	receive := c.w.receive
	c.w.mu.Unlock()
	defer func() {
		c.w.mu.Lock()
		c.w.flying[c.host]--
		c.w.mu.Unlock()
	}()
	if receive != nil {
		if err := receive(ctx, c.host, p); err != nil {
			return send.Receipt{}, err
		}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.arrived[c.host] = append(c.w.arrived[c.host], arrival{p.Picture, p.Delivery, time.Now()})
	return send.Receipt{Remote: c.url.Path + p.Name, Bytes: p.Size, Answer: "thank you"}, nil
}

func (c *carrier) Recall(ctx context.Context, r send.Recall) (send.Receipt, error) {
	c.w.mu.Lock()
	recall := c.w.recall
	c.w.mu.Unlock()
	if recall != nil {
		if err := recall(ctx, c.host, r); err != nil {
			return send.Receipt{}, err
		}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.arrived[c.host] = append(c.w.arrived[c.host], arrival{"-" + r.Remote + r.Name, r.Delivery, time.Now()})
	return send.Receipt{Answer: "deleted"}, nil
}

func (c *carrier) Close() error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.closed[c.host]++
	return nil
}

// fails makes an error of a kind.
func fails(kind send.Kind) error {
	return &send.Error{Kind: kind, Message: "It is " + string(kind) + ".", Answer: "500 no"}
}

// drain reads so many bytes a second.
func drain(ctx context.Context, r io.Reader, rate int) error {
	buf := make([]byte, rate)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			t := time.NewTimer(time.Duration(n) * time.Second / time.Duration(rate))
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return fails(send.Ours)
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
