package crowd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/outbound"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/webhook"
)

func guarded() *http.Client { return outbound.NewClient(false, time.Minute) }

// fine is a judgment with nothing against the frame, as crowds write it.
func fine(frame picture.ID, worker string) string {
	return fmt.Sprintf(`{"frame":%q,"worker":%q,"nudity":false,"trying":true,"likeness":4,"more":"is ignored"}`, frame, worker)
}

func judged(js ...string) string {
	return `{"type":"frame.judged","timestamp":"2026-05-01T12:00:00Z","data":{"judgments":[` + strings.Join(js, ",") + `]}}`
}

// post gives the site a message signed with the secret, and gives the fault's code.
func (s *site) post(secret, id, body string) string {
	s.Helper()
	h := http.Header{}
	webhook.Sign(h, id, s.DB.Now(), []byte(body), s.secret(secret))
	return code(s.Receive(s.Context(), h, []byte(body)))
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func (s *site) judges(frame picture.ID) (all []string) {
	s.Helper()
	s.write(func(tx *store.Tx) error {
		given, err := moderation.JudgmentsOf(tx, frame)
		for _, g := range given {
			_, worker, _ := g.Judge.Worker()
			all = append(all, worker)
		}
		return err
	})
	slices.Sort(all)
	return all
}

func TestJudgmentsComeBack(t *testing.T) {
	s := newSite(t)
	c, told := s.join(s.peer(), crowd.Push)
	a, b := s.frame(), s.frame()
	if got := s.post(told.Secret, "m1", judged(fine(a, "ann"), fine(b, "ann"), fine(a, "bob:x"))); got != "" {
		t.Fatal(got)
	}
	if got := fmt.Sprint(s.judges(a), s.judges(b)); got != "[ann bob:x] [ann]" {
		t.Errorf("judged by %s", got)
	}
	// A replay is taken and changes nothing, not even by what differs in it; and what
	// comes twice in different messages counts once.
	for _, m := range [][2]string{{"m1", judged(fine(a, "ann"), fine(b, "ann"), fine(a, "bob:x"))}, {"m1", judged(fine(b, "new"))}, {"m2", judged(fine(a, "ann"))}} {
		if got := s.post(told.Secret, m[0], m[1]); got != "" {
			t.Errorf("%s again: %s", m[0], got)
		}
	}
	if got := fmt.Sprint(s.judges(a), s.judges(b)); got != "[ann bob:x] [ann]" {
		t.Errorf("after the replays: %s", got)
	}
	if got := s.post(told.Secret, "m3", judged(fine(a, "cid"), fine("nothing", "cid"))); got != "" || s.state(a) != picture.Accepted {
		t.Errorf("%q, and the frame is %s after three", got, s.state(a))
	}
	if c := s.get(c.ID); c.Taken != 4 || c.Refused != 2 || c.Refusal != "unknown_frame" || c.HeardAt.IsZero() {
		t.Errorf("counted: %+v", c)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := newSite(t)
	c, told := s.join(s.peer(), crowd.Push)
	a := s.frame()
	for body, want := range map[string]string{
		"": "bad_message", "{": "bad_message", `{"type":"frame.ready","data":{}}`: "bad_message",
		judged(`{"worker":"w","nudity":false,"trying":true}`):               "bad_judgment",
		judged(`{"frame":"x","nudity":false,"trying":true}`):                "bad_judgment",
		judged(`{"frame":"x","worker":"w","trying":true}`):                  "bad_judgment",
		judged(`{"frame":"x","worker":"w\n","nudity":false,"trying":true}`): "bad_judgment",
		judged(fine(a, strings.Repeat("w", 101))):                           "bad_judgment",
		judged(fine(a, "w"), `{}`):                                          "bad_judgment",
		judged():                                                            "",
	} {
		if got := s.post(told.Secret, store.NewID(), body); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	good := judged(fine(a, "w"))
	if got := s.post(webhook.NewSecret().Reveal(), "m1", good); got != "bad_signature" {
		t.Errorf("a stranger's secret: %q", got)
	}
	h := http.Header{}
	webhook.Sign(h, "m1", s.DB.Now().Add(-6*time.Minute), []byte(good), s.secret(told.Secret))
	if got := code(s.Receive(s.Context(), h, []byte(good))); got != "old_message" {
		t.Errorf("six minutes old: %q", got)
	}
	if got := code(s.Receive(s.Context(), http.Header{}, []byte(good))); got != "no_signature" {
		t.Errorf("unsigned: %q", got)
	}
	if err := s.Switch(s.Context(), boss, c.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := s.post(told.Secret, "m1", good); got != "crowd_off" {
		t.Errorf("a crowd that is off: %q", got)
	}
	if got := s.judges(a); len(got) > 0 {
		t.Errorf("and yet judged by %v", got)
	}
}

func TestTwoSecretsAreTaken(t *testing.T) {
	s := newSite(t)
	c, old := s.join(s.peer(), crowd.Push)
	_, other := s.join(s.peer(), crowd.Poll)
	a := s.frame()
	young, err := s.Rotate(s.Context(), boss, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, secret := range []string{old.Secret, young.Secret, other.Secret} {
		if got := s.post(secret, "m"+fmt.Sprint(i), judged()); got != "" {
			t.Errorf("secret %d: %q", i, got)
		}
	}
	if err := s.EndOld(s.Context(), boss, c.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.post(old.Secret, "m9", judged(fine(a, "w"))); got != "bad_signature" {
		t.Errorf("the old secret after its end: %q", got)
	}
	if _, err := s.Rotate(s.Context(), boss, c.ID); err != nil {
		t.Fatal(err)
	}
	s.pass(8 * 24 * time.Hour)
	if got := s.post(young.Secret, "m10", judged()); got != "bad_signature" {
		t.Errorf("a secret a week after its rotation: %q", got)
	}
	if err := s.Sweep(s.Context()); err != nil || !s.get(c.ID).OldUntil.IsZero() {
		t.Errorf("%v, and the old secret is still kept", err)
	}
}

func TestCrowdFlower(t *testing.T) {
	s := newSite(t)
	_, told := s.join(s.peer(), crowd.Push)
	a := s.frame()
	unit := fmt.Sprintf(`{"id":1001,"data":{"frame":%q},"results":{"judgments":[
		{"worker_id":12,"unit_id":1001,"data":{"nudity":"no","trying":"Yes","likeness":"4"}},
		{"worker_id":"w13","unit_id":1001,"data":{"nudity":"false","trying":"true","likeness":5}}]}}`, a)
	more := fmt.Sprintf(`[{"worker_id":14,"unit_data":{"frame":%q},"data":{"nudity":false,"trying":true,"likeness":3}}]`, a)
	give := func(signal, payload, key string) string {
		return code(s.ReceiveForm(s.Context(), url.Values{"signal": {signal}, "payload": {payload}, "signature": {webhook.SignForm(payload, key)}}))
	}
	for i, x := range []struct{ signal, payload, key, want string }{
		{"unit_complete", unit, "another key", "bad_signature"},
		{"unit_complete", "", told.FormKey, "no_signature"},
		{"unit_complete", "[", told.FormKey, "bad_message"},
		{"unit_complete", strings.Replace(unit, `"no"`, `"perhaps"`, 1), told.FormKey, "bad_judgment"},
		{"job_complete", `{"id":5}`, told.FormKey, ""},
		{"unit_complete", unit, told.FormKey, ""},
		{"unit_complete", unit, told.FormKey, ""},
	} {
		if got := give(x.signal, x.payload, x.key); got != x.want {
			t.Errorf("%d, %s: %q, want %q", i, x.signal, got, x.want)
		}
	}
	if got := fmt.Sprint(s.judges(a)); got != "[12 w13]" {
		t.Errorf("judged by %s", got)
	}
	if got := give("new_judgments", more, told.FormKey); got != "" || s.state(a) != picture.Accepted {
		t.Errorf("%q, and the frame is %s", got, s.state(a))
	}
}

// pages answers GET /judgments from a list, two at a time, by their place in it.
func pages(all *[]string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			return
		}
		n := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("since"), &n) // "" is the beginning
		end := min(n+2, len(*all))
		var page []json.RawMessage
		for _, j := range (*all)[n:end] {
			page = append(page, json.RawMessage(j))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"judgments": page, "next": fmt.Sprint(end)})
	}
}

func TestJudgmentsAreCollected(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Poll)
	a, b := s.frame(), s.frame()
	var all []string
	p.says(pages(&all))
	s.work()
	all = append(all, fine(a, "ann"), fine(a, "bob"), fine(b, "ann"))
	due := func() {
		t.Helper()
		if err := s.Due(s.Context()); err != nil {
			t.Fatal(err)
		}
		s.work()
	}
	s.work()
	if got := s.judges(a); len(got) > 0 {
		t.Errorf("collected before it was time: %v", got)
	}
	due()
	if got := fmt.Sprint(s.judges(a), s.judges(b), " to ", s.get(c.ID).Since); got != "[ann bob] [ann] to 3" {
		t.Errorf("collected %s", got)
	}
	// A failure is tried again, over a restart, without waiting for the clock.
	all = append(all, fine(b, "bob"))
	p.says(status(http.StatusBadGateway))
	due()
	s.restart()
	p.says(pages(&all))
	s.pass(59 * time.Second)
	s.work()
	if got := fmt.Sprint(s.judges(b)); got != "[ann]" {
		t.Errorf("tried again too soon: %s", got)
	}
	s.pass(time.Second)
	s.work()
	if got := fmt.Sprint(s.judges(b), s.get(c.ID).PollAt.IsZero()); got != "[ann bob] true" {
		t.Errorf("after the failure: %s", got)
	}
	for _, x := range []struct{ answer, want string }{
		{"<html>", "The crowd's answer isn't the JSON that was expected."},
		{`{"judgments":[],"next":"` + strings.Repeat("x", 501) + `"}`, `The crowd's "next" is longer than 500 characters.`},
		{`{"judgments":"` + strings.Repeat("x", 1<<20) + `"}`, "The crowd's answer is larger than 1024 kB."},
	} {
		p.says(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(x.answer)) })
		s.pass(25 * time.Hour)
		due()
		if got := s.get(c.ID).Trouble; !strings.HasPrefix(got, x.want) {
			t.Errorf("trouble %q, want %q", got, x.want)
		}
	}
	p.says(status(http.StatusGone))
	s.pass(25 * time.Hour)
	due()
	if got := s.get(c.ID); got.State != "gone" || got.Since != "4" {
		t.Errorf("after a 410: %+v", got)
	}
}

// What is not complete is counted, and what comes with it and after it is taken.
func TestAMalformedJudgmentHoldsNothingUp(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Poll)
	a := s.frame()
	all := []string{fine(a, "ann"), strings.Replace(fine(a, "bob"), `"likeness":4`, `"likeness":"four"`, 1), `[7]`, `{}`, fine(a, "eve"), "null"}
	p.says(pages(&all))
	if err := s.Due(s.Context()); err != nil {
		t.Fatal(err)
	}
	s.work()
	got := s.get(c.ID)
	if j := fmt.Sprint(s.judges(a)); j != "[ann eve]" || got.Since != "6" || got.Trouble != "" {
		t.Errorf("judged by %s, %+v", j, got)
	}
	if got.Taken != 2 || got.Refused != 4 || got.Refusal != "bad_judgment" {
		t.Errorf("%d taken, %d refused, the last for %q", got.Taken, got.Refused, got.Refusal)
	}
}

// A crowd whose place moves on for ever, without a judgment, waits for the clock.
func TestEmptyPagesEnd(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Poll)
	n := 0
	p.says(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			n++
			_, _ = fmt.Fprintf(w, `{"judgments":[],"next":"%d"}`, n)
		}
	})
	if err := s.Due(s.Context()); err != nil {
		t.Fatal(err)
	}
	s.work()
	if got := s.get(c.ID); n != 50 || got.Since != "50" || !got.PollAt.IsZero() {
		t.Errorf("%d pages were asked for: %+v", n, got)
	}
}

func TestPictureLinks(t *testing.T) {
	s := newSite(t)
	p := s.peer()
	c, _ := s.join(p, crowd.Push)
	a, b := s.frame(), s.frame()
	s.work()
	link, err := url.Parse(p.about(a)[0].url)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/media/crowd/" + c.ID + "/" + string(a) + ".jpg"; link.Host != "site.example.org" || link.Path != want {
		t.Errorf("the link is %s, want %s", link, want)
	}
	until, signature := link.Query().Get("until"), link.Query().Get("signature")
	look := func(crowd string, frame picture.ID, until, signature string) string {
		t.Helper()
		p, err := s.Picture(s.Context(), crowd, frame, until, signature)
		if err == nil && (p.ID != frame || p.Medium == "") {
			t.Errorf("the link leads to %+v", p)
		}
		return code(err)
	}
	for name, got := range map[string]string{
		"another frame":   look(c.ID, b, until, signature),
		"another crowd":   look("other", a, until, signature),
		"another instant": look(c.ID, a, until+"0", signature),
		"no signature":    look(c.ID, a, until, ""),
	} {
		if got != "bad_link" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := look(c.ID, a, until, signature); got != "" {
		t.Errorf("as given: %q", got)
	}
	if err := s.Switch(s.Context(), boss, c.ID, false); err != nil || look(c.ID, a, until, signature) != "link_ended" {
		t.Errorf("with the crowd off, %v: %q", err, look(c.ID, a, until, signature))
	}
	if err := s.Switch(s.Context(), boss, c.ID, true); err != nil {
		t.Fatal(err)
	}
	s.pass(30 * 24 * time.Hour)
	if got := look(c.ID, a, until, signature); got != "link_ended" {
		t.Errorf("after 30 days: %q", got)
	}
	s.pass(-24 * time.Hour)
	s.settle(a, picture.Rejected)
	if got := look(c.ID, a, until, signature); got != "link_ended" {
		t.Errorf("of a settled frame: %q", got)
	}
}
