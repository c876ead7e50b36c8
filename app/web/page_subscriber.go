package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/deliver"
	"oneframe/app/fault"
	"oneframe/app/feed"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// historyHours is how far back a subscriber's charts go.
const historyHours = 48

// subscriberPage is what the template "admin_subscriber" shows.
type subscriberPage struct {
	adminLayout
	Subscriber subscriberView
	States     []feed.SubscriberState
	Rules      []feed.Rule
	Changes    []feed.Change
	By         func(by string) string

	Form    destinationForm
	Kinds   []destinationKind
	Limits  limitsForm
	Error   string // what is wrong with what was entered
	Wrong   string // in which form: destination or limits
	Told    string // a new signing secret, shown once
	Dead    []deliveryView
	Hour    int64 // sent in the last whole hour and this one
	P50     time.Duration
	P95     time.Duration
	Sent    barChart
	Failed  failureChart
	Latency latencyChart
}

// destinationForm is what is entered about a destination.
type destinationForm struct {
	URL, Style string
	MayDelete  bool
}

// destinationKind explains a kind of address.
type destinationKind struct {
	Scheme, Name, Like, Help, Secret string
}

func destinationKinds() []destinationKind {
	return []destinationKind{
		{"sftp", "SFTP", "sftp://user@sftp.example.org/incoming", "The server’s key is kept at the first connection; where it shows another one later, nothing is sent. The path begins at the server’s root, or with /~/ where the login leads to.", "The password, or a private key (PEM, without a passphrase)."},
		{"ftpes", "FTP with TLS", "ftpes://user@ftp.example.org/incoming", "Explicit TLS (AUTH TLS), port 21. For TLS from the first byte, port 990, write ftps:// instead. The path begins where the login leads to, or with // at the server’s root. A certificate that nobody known has signed is taken with its own fingerprint only: end the address in ?fingerprint=sha256: and its 64 hex digits.", "The password."},
		{"ftp", "FTP", "ftp://user@ftp.example.org/incoming", "Password and pictures go unencrypted. Better ask for FTP with TLS or SFTP.", "The password."},
		{"https", "HTTPS", "https://pictures.example.org/incoming", "Each picture is a signed POST (Standard Webhooks): with the picture and its metadata, or with a link to fetch it at.", "The signing secret, as whsec_…; the receiver checks each message with it."},
		{"s3", "S3", "s3://ACCESSKEYID@bucket/pictures?endpoint=https://s3.example.org&region=eu-central-1", "Amazon S3, or a store that speaks the same, at its endpoint.", "The secret access key."},
		{"file", "Folder", "file:///srv/pictures/acme", "A folder on this machine, inside one of those that deliver.folders of the configuration allows.", "None."},
	}
}

func kindOfScheme(scheme string) string {
	for _, k := range destinationKinds() {
		if k.Scheme == scheme {
			return k.Name
		}
	}
	return strings.ToUpper(scheme)
}

// limitsForm is what is entered about the limits, as text.
type limitsForm struct {
	PerMinute, Connections, KilobytesPerSecond, PerDay, Hours, Zone string
}

func showLimits(l deliver.Limits) limitsForm {
	n := func(v int64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatInt(v, 10)
	}
	f := limitsForm{PerMinute: n(int64(l.PerMinute)), Connections: n(int64(l.Connections)), PerDay: n(int64(l.PerDay)), Zone: l.Zone}
	if l.BytesPerSecond > 0 {
		f.KilobytesPerSecond = strconv.FormatFloat(float64(l.BytesPerSecond)/1000, 'f', -1, 64)
	}
	var spans []string
	for _, h := range l.Hours {
		spans = append(spans, h.From+"–"+h.Until)
	}
	f.Hours = strings.Join(spans, ", ")
	return f
}

// read gives the limits; Invalid with the code of the field that is no number.
func (f limitsForm) read() (l deliver.Limits, err error) {
	number := func(code, what, text string) float64 {
		text = strings.TrimSpace(text)
		if text == "" || err != nil {
			return 0
		}
		n, e := strconv.ParseFloat(text, 64)
		if e != nil || n < 0 || n > 1e12 {
			err = fault.New(fault.Invalid, code, "The limit of %s must be a number, not %q.", what, text)
			return 0
		}
		return n
	}
	l.PerMinute, l.Connections = int(number("bad_per_minute", "deliveries a minute", f.PerMinute)), int(number("bad_connections", "connections", f.Connections))
	l.PerDay, l.BytesPerSecond = int(number("bad_per_day", "deliveries a day", f.PerDay)), int64(number("bad_bytes_per_second", "kilobytes a second", f.KilobytesPerSecond)*1000)
	l.Zone = strings.TrimSpace(f.Zone)
	for span := range strings.SplitSeq(f.Hours, ",") {
		if span = strings.TrimSpace(span); span == "" || err != nil {
			continue
		}
		from, until, ok := strings.Cut(strings.ReplaceAll(span, "–", "-"), "-")
		if !ok {
			err = fault.New(fault.Invalid, "bad_hours", "Hours are written as 08:00–18:00, not %q.", span)
		}
		l.Hours = append(l.Hours, deliver.Hours{From: strings.TrimSpace(from), Until: strings.TrimSpace(until)})
	}
	return l, err
}

func (s *Server) subscriber(c echo.Context) error {
	return s.subscriberWith(c, http.StatusOK, subscriberPage{})
}

// subscriberWith shows a subscriber's page; what p has of the forms stays as it was entered.
func (s *Server) subscriberWith(c echo.Context, status int, p subscriberPage) error {
	p.adminLayout = s.adminLayout(c, "Subscriber")
	p.Tabs = here(p.Tabs, "/admin/subscribers")
	p.States, p.Kinds = []feed.SubscriberState{feed.Active, feed.Paused, feed.Ended}, destinationKinds()
	var err error
	if p.By, err = s.namesOf(c.Request().Context()); err != nil {
		return err
	}
	if err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error { return s.fillSubscriber(tx, c.Param("id"), &p) }); err != nil {
		return err
	}
	p.Title = p.Subscriber.Name
	return s.page(c, status, "admin_subscriber", p)
}

func (s *Server) fillSubscriber(tx *store.Tx, id string, p *subscriberPage) error {
	x, err := feed.GetSubscriber(tx, id)
	if err != nil {
		return err
	}
	g, err := deliver.GlanceAt(tx, id)
	if err != nil {
		return err
	}
	p.Subscriber = s.viewSubscriber(x, g, tx.Now)
	d := g.Destination
	if p.Wrong != "destination" {
		p.Form = destinationForm{d.URL, d.Style, d.MayDelete || !g.Directed}
	}
	if p.Wrong != "limits" {
		p.Limits = showLimits(d.Limits)
	}
	if p.Rules, err = feed.RulesOf(tx, id); err != nil {
		return err
	}
	if p.Changes, err = feed.Changes(tx, id, 50); err != nil {
		return err
	}
	if err := p.fillHistory(tx, id); err != nil {
		return err
	}
	dead, _, err := deliver.List(tx, deliver.Query{Subscriber: id, State: deliver.Dead, Limit: 5})
	for _, d := range dead {
		v := deliveryView{Delivery: d}
		if v.Of, err = picture.Get(tx, d.Picture); err != nil {
			return err
		}
		p.Dead = append(p.Dead, v)
	}
	return err
}

func (p *subscriberPage) fillHistory(tx *store.Tx, id string) error {
	hours, err := deliver.History(tx, id, historyHours)
	if err != nil {
		return err
	}
	p.Sent, p.Failed, p.Latency = sentChart(hours), failed(hours), latencies(hours)
	p.Hour = deliver.Sum(hours[historyHours-2:]).Sent
	day := deliver.Sum(hours[historyHours-24:])
	p.P50, p.P95 = day.Latency.Quantile(.5), day.Latency.Quantile(.95)
	return nil
}

// reviseSubscriber takes what a subscriber's page says about its name and state.
func (s *Server) reviseSubscriber(c echo.Context) error {
	n := feed.NewSubscriber{Name: c.FormValue("name"), Contact: c.FormValue("contact"), State: feed.SubscriberState(c.FormValue("state"))}
	_, err := s.Book.ChangeSubscriber(c.Request().Context(), string(s.judge(c)), c.Param("id"), n)
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "Saved.")
}

// directSubscriber takes where its pictures go. A secret that was entered is never shown
// again, not even where something else was wrong.
func (s *Server) directSubscriber(c echo.Context) error {
	f := destinationForm{strings.TrimSpace(c.FormValue("url")), c.FormValue("style"), c.FormValue("may_delete") == "true"}
	n := deliver.NewDestination{URL: &f.URL, Secret: strings.TrimRight(c.FormValue("secret"), "\r\n"), NoSecret: c.FormValue("forget_secret") == "true",
		NoHostKey: c.FormValue("forget_host_key") == "true", MayDelete: &f.MayDelete}
	if f.Style != "" {
		n.Style = &f.Style
	}
	had, err := s.hasSecret(c)
	if err != nil {
		return err
	}
	_, err = s.Book.Revise(c.Request().Context(), string(s.judge(c)), c.Param("id"), feed.Revision{Destination: n})
	if fault.Is(err, fault.Invalid) {
		return s.subscriberWith(c, http.StatusUnprocessableEntity, subscriberPage{Form: f, Error: fault.Of(err).Message, Wrong: "destination"})
	}
	done := "Saved."
	if err == nil && had {
		has, err := s.hasSecret(c)
		if err != nil {
			return err
		}
		if !has && !n.NoSecret {
			done = "Saved. Pictures go somewhere else now, so the old secret was forgotten: please enter the new one."
		}
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, done)
}

func (s *Server) hasSecret(c echo.Context) (has bool, err error) {
	err = s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		d, _, err := deliver.GetDestination(tx, c.Param("id"))
		has = d.HasSecret
		return err
	})
	return has, err
}

// limitSubscriber takes how fast, and when, pictures may go.
func (s *Server) limitSubscriber(c echo.Context) error {
	f := limitsForm{c.FormValue("per_minute"), c.FormValue("connections"), c.FormValue("kilobytes_per_second"), c.FormValue("per_day"), c.FormValue("hours"), c.FormValue("zone")}
	l, err := f.read()
	if err == nil {
		_, err = s.Book.Revise(c.Request().Context(), string(s.judge(c)), c.Param("id"), feed.Revision{Destination: deliver.NewDestination{Limits: &l}})
	}
	if fault.Is(err, fault.Invalid) {
		return s.subscriberWith(c, http.StatusUnprocessableEntity, subscriberPage{Limits: f, Error: fault.Of(err).Message, Wrong: "limits"})
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "Saved.")
}

// signSubscriber makes a signing secret for a webhook, and shows it this once.
func (s *Server) signSubscriber(c echo.Context) error {
	secret, err := s.Book.NewSigningSecret(c.Request().Context(), string(s.judge(c)), c.Param("id"))
	if err != nil {
		return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "")
	}
	return s.subscriberWith(c, http.StatusOK, subscriberPage{Told: secret})
}

// testSubscriber sends a test picture and says what came of it.
func (s *Server) testSubscriber(c echo.Context) error {
	p, err := s.Sending.Probe(c.Request().Context(), c.Param("id"))
	if err != nil {
		return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "")
	}
	done := "The test picture went through in " + brief(p.Took) + "."
	switch {
	case p.Failure != nil:
		done = "The test failed. " + p.Failure.Message
		if p.Failure.Answer != "" {
			done += " The other side said: " + p.Failure.Answer
		}
	case p.Removed:
		done += " It was taken back again."
	case p.Receipt.Remote != "":
		done += " It lies there as " + p.Receipt.Remote + "."
	}
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), nil, done)
}

// resumeSending has pictures go again after the destination had failed.
func (s *Server) resumeSending(c echo.Context) error {
	err := s.Book.Resume(c.Request().Context(), string(s.judge(c)), c.Param("id"))
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, "Pictures go again.")
}

// retryAll has everything go again that was given up.
func (s *Server) retryAll(c echo.Context) error {
	n, err := s.Book.RetryDead(c.Request().Context(), string(s.judge(c)), c.Param("id"))
	return s.goBack(c, "/admin/subscribers/"+c.Param("id"), err, plural(int(n), "picture goes", "pictures go")+" again.")
}
