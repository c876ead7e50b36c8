package web

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"oneframe/app/browsertest"
	"oneframe/app/deliver"
	"oneframe/app/moderation"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

const (
	live   = `document.querySelector("#shoot").dataset.step === "live"`
	review = `document.querySelector("#shoot").dataset.step === "review"`
	noCam  = `document.querySelector("#shoot").dataset.step === "file"`
)

// serve lets browsers reach the site, and gives its address.
func (s *site) serve() string {
	s.Helper()
	server := httptest.NewServer(s.e)
	s.Cleanup(server.Close)
	return server.URL
}

// original decodes what was sent for a frame.
func (s *site) original(id string) image.Image {
	s.Helper()
	raw, err := s.rooms.Originals.Read(s.frame(id).Original)
	if err != nil {
		s.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		s.Fatal(err)
	}
	return img
}

// newest gives the frame that was sent last.
func (s *site) newest() (p picture.Picture) {
	s.Helper()
	err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) error {
		all, _, err := picture.List(tx, picture.Query{Limit: 1})
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("nothing was sent")
		}
		if err == nil {
			p = all[0]
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// quiet fails the test where a page had something to complain about.
func quiet(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	for _, p := range b.Problems() {
		t.Errorf("the page complains: %s", p)
	}
}

// like reports whether two colours differ by no more than JPEG makes them.
func like(a color.Color, r, g, b uint32) bool {
	x, y, z, _ := a.RGBA()
	near := func(u, v uint32) bool { return max(u, v)-min(u, v) < 40 }
	return near(x>>8, r) && near(y>>8, g) && near(z>>8, b)
}

func TestShootingWithTheCamera(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{Camera: browsertest.Corners(t), Width: 360, Height: 740})
	b.Go(site + "/")
	b.Click(".poster .btn")
	b.WaitPath("/shoot")
	if s.slotOf(1).Leases != 0 {
		t.Error("the slot was taken before the visitor started")
	}
	b.Click("#start")
	b.Wait(live)
	if s.slotOf(1).Leases != 1 {
		t.Error("no slot was taken")
	}
	b.Wait(`getComputedStyle(document.querySelector("#mirror")).transform === "matrix(-1, 0, 0, 1, 0, 0)"`)
	b.Wait(`document.querySelector("#pose").src.endsWith("/clips/dance/poses/1.jpg") && document.querySelector("#pose").naturalWidth > 0`)
	browsertest.Eval[any](b, `window.said = [], new MutationObserver(() => said.push(document.querySelector("#say").textContent)).observe(document.querySelector("#say"), { childList: true, subtree: true }), 1`)
	b.Click("#shoot-it")
	b.Wait(review)
	if said := browsertest.Eval[string](b, `said.join(" ")`); said != "3 2 1 Photo taken." {
		t.Errorf("a screen reader heard %q", said)
	}
	b.Type("#name", "Ada")
	b.Click("#send")
	if !browsertest.Eval[bool](b, review) || browsertest.Eval[bool](b, `document.querySelector("#consent").checked`) {
		t.Error("it was sent without consent")
	}
	b.Click("#consent")
	b.Click("#send")
	b.WaitPath("/m/")
	sent := s.newest()
	img := s.original(string(sent.ID))
	if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w != 1280 || h != 720 || sent.Origin != "webcam" || sent.Name != "Ada" || sent.Consent != "1" {
		t.Errorf("sent %d × %d: %+v", w, h, sent)
	}
	if !like(img.At(100, 360), 255, 0, 0) || !like(img.At(1180, 360), 0, 255, 0) {
		t.Errorf("left is %v and right is %v: the picture is mirrored", img.At(100, 360), img.At(1180, 360))
	}
	if sl := s.slotOf(1); sl.Filled != 1 || sl.Leases != 0 {
		t.Errorf("the slot: %+v", sl)
	}
	s.scale()
	b.Wait(`document.querySelector("#status").innerText.includes("Being judged: 0 of 3")`)
	quiet(t, b)
}

func TestShootingWithoutACamera(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		browser browsertest.Options
		says    string
	}{
		"denied": {browsertest.Options{Camera: browsertest.Corners(t), Deny: true}, "isn’t allowed to use your camera"},
		"none":   {browsertest.Options{}, "No camera was found"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			b := browsertest.Open(t, c.browser)
			b.Go(s.serve() + "/shoot?slot=5")
			b.Click("#start")
			b.Wait(noCam)
			s.shows(b.Text("#alert"), c.says, "choose a picture")
			b.Choose("#file", testdata.Path(t, "photos/orient-landscape-6.jpg"))
			b.Wait(review)
			b.Click("#consent")
			b.Click("#send")
			b.WaitPath("/m/")
			sent := s.newest()
			if sent.Origin != "upload" || sent.Slot.Number != 5 {
				t.Errorf("sent: %+v", sent)
			}
			if img := s.original(string(sent.ID)); img.Bounds().Dx() > 1280 || img.Bounds().Dx() < img.Bounds().Dy() {
				t.Errorf("sent %v: not scaled, or not upright", img.Bounds())
			}
			quiet(t, b)
		})
	}
}

func TestAPictureOutlivesItsLeaseAndALostConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.serve() + "/shoot")
	choose := func() {
		b.Choose("#file", testdata.Path(t, "faces/webcam-bird-0.jpg"))
		b.Wait(review + ` && !document.querySelector("#timer").hidden`)
		b.Click("#consent")
	}
	choose()
	s.clock.pass(11 * time.Minute)
	b.Click("#send") // 410: the same slot is taken again, without a word
	b.WaitPath("/m/")
	if sent := s.newest(); sent.Slot.Number != 1 {
		t.Errorf("sent for slot %d, want 1", sent.Slot.Number)
	}
	b.Problems() // the browser notes the 410

	b.Go(strings.TrimSuffix(browsertest.Eval[string](b, "location.origin"), "/") + "/shoot?slot=2")
	choose()
	s.clock.pass(11 * time.Minute)
	s.want(201, "POST", "/api/v1/clips/dance/leases", map[string]int{"slot": 2}) // by somebody else
	b.Click("#send")
	b.Wait(`document.querySelector("#alert").innerText.includes("Slot 2 is in somebody else’s hands")`)
	b.Wait(review)
	browsertest.Eval[any](b, `window.real = XMLHttpRequest.prototype.send, XMLHttpRequest.prototype.send = function () { setTimeout(() => this.onerror()); }, 1`)
	b.Click("#send")
	b.Wait(`document.querySelector("#alert").innerText.includes("Your picture is still here")`)
	browsertest.Eval[any](b, `XMLHttpRequest.prototype.send = window.real, 1`)
	b.Wait(review)
	b.Click("#send")
	b.WaitPath("/m/")
	if sent := s.newest(); sent.Slot.Number != 3 {
		t.Errorf("sent for slot %d, want 3: the next that is free", sent.Slot.Number)
	}
}

func TestLeavingGivesTheSlotBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{Camera: browsertest.Corners(t)})
	b.Go(site + "/shoot?slot=4")
	b.Click("#start")
	b.Wait(live)
	if s.slotOf(4).Leases != 1 {
		t.Fatal("no slot was taken")
	}
	b.Go(site + "/")
	b.Until("the slot is given back", func() bool { return s.slotOf(4).Leases == 0 })
}

func TestASlotIsPickedFromTheMap(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.accepted("Ada", s.hire("mod", people.Moderator))
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.serve() + "/")
	b.Wait(`document.querySelector("#map").height > 0`)
	browsertest.Eval[any](b, `(() => { const m = document.querySelector("#map"), r = m.getBoundingClientRect(); m.dispatchEvent(new MouseEvent("click", { clientX: r.left + 11, clientY: r.top + 11, bubbles: true })); })()`)
	b.Wait(`document.querySelector("#about").innerText.includes("Slot 1, at 0:00.0: filled")`)
	b.Wait(`document.querySelector("#peek-frame").naturalWidth > 0 && document.querySelector("#peek-pose").naturalWidth > 0`)
	b.Type("#slot", "2")
	b.Wait(`document.querySelector("#about").innerText.includes("Slot 12, at 0:00.9: a hole")`)
	b.Click(".asked .btn")
	b.WaitPath("/shoot")
	if b.Path() != "/shoot?clip=dance&slot=12" {
		t.Errorf("the map leads to %s", b.Path())
	}
	quiet(t, b)
}

func TestJudgingByKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 3 {
		s.contribute("Katja")
	}
	s.scale()
	s.hire("ada", people.Judge)
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(s.serve(), "ada", "a long password")
	if b.Path() != "/judge" {
		t.Fatalf("a judge starts at %s", b.Path())
	}
	b.Wait(`document.querySelectorAll("#strip button").length === 3`)
	if n := browsertest.Eval[int](b, `document.querySelectorAll(".one:not([hidden])").length`); n != 1 {
		t.Errorf("%d frames are shown at once", n)
	}
	order := browsertest.Eval[[]string](b, `[...document.querySelectorAll(".one")].map((one) => one.dataset.frame)`)
	b.Key("4")
	b.Key("n")
	b.Key(kb.ArrowLeft)
	b.Key("P") // over the n
	b.Wait(`document.querySelector("#tally").innerText.toLowerCase() === "2 of 3"`)
	b.Key("5")
	b.Key(kb.Enter)
	b.Wait(`document.querySelector("main").innerText.toUpperCase().includes("NOTHING WAITS FOR YOU")`)
	want := []moderation.Judgment{{Trying: true, Likeness: 4}, {}, {Trying: true, Likeness: 5}}
	for i, id := range order {
		var got []moderation.Given
		err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
			got, err = moderation.JudgmentsOf(tx, picture.ID(id))
			return err
		})
		want[i].Frame = picture.ID(id)
		if err != nil || len(got) != 1 || got[0].Judgment != want[i] {
			t.Errorf("frame %d: %+v, want %+v; %v", i+1, got, want[i], err)
		}
	}
	quiet(t, b)
}

func TestEveryPageFitsEveryScreen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mod := s.hire("mod", people.Moderator)
	s.hire("boss", people.Admin)
	const long = "Bartholomew-Maximilian-von-und-zu-Langenname-der-Dritte"
	shown, _ := s.accepted(long, mod)
	_, secret := s.contribute(long)
	s.contribute("Ada")
	s.scale()
	s.render()
	customer := s.subscribed(long)
	s.follow()
	s.alter(`UPDATE deliver_delivery SET state = 'dead', done_at = 5, error = 'The server said: ' || $1 || $1 || $1`, long)
	var delivery string
	if err := s.rooms.DB.Read(t.Context(), func(tx *store.Tx) error {
		all, _, err := deliver.List(tx, deliver.Query{Limit: 1})
		delivery = all[0].ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{})
	pages := []string{"/", "/?t=0.4", "/shoot", "/shoot?slot=3", "/f/" + shown, "/m/" + secret, "/login", "/nowhere"}
	fits := func(page string) {
		for _, width := range []int64{360, 768, 1920} {
			b.Size(width, 740)
			b.Go(site + page)
			if over := browsertest.Eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("%s is %d px too wide for %d px", page, over, width)
			}
		}
		for _, p := range b.Problems() {
			if page != "/nowhere" {
				t.Errorf("%s complains: %s", page, p)
			}
		}
	}
	for _, page := range pages {
		fits(page)
	}
	b.Login(site, "boss", "a long password")
	for _, page := range []string{"/judge", "/admin", "/admin/frames", "/admin/frames?state=accepted", "/admin/frames/" + shown, "/admin/clips", "/admin/renders", "/admin/accounts", "/",
		"/admin/subscribers", "/admin/subscribers/" + customer, "/admin/subscribers/" + customer + "/rules/new", "/admin/rules?look=findings", "/admin/deliveries", "/admin/deliveries/" + delivery, "/admin/subscribers/" + customer + "/order"} {
		fits(page)
	}
}

func TestAVideoGoesUpAndComesIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hire("boss", people.Admin)
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(site, "boss", "a long password")
	b.Go(site + "/admin/clips")
	b.Choose("input[name=video]", testdata.Path(t, "video/flower-5s.mp4"))
	b.Wait(`document.querySelector("#upload [name=title]").value === "flower 5s" && document.querySelector("input[name=slug]").value === "flower-5s"`)
	b.Type("input[name=ranges]", "1-2")
	b.Click("#upload-go")
	b.Wait(`document.querySelector("[data-import]")?.innerText.toLowerCase().includes("queued")`)
	if _, err := s.rooms.Importer.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.Wait(`!document.querySelector("[data-import]") && document.querySelector("main").innerText.toLowerCase().includes("flower 5s") && !document.querySelector("#upload").hidden`)
	s.shows(s.get(200, "/?clip=flower-5s"), "15 holes")
	b.Choose("input[name=video]", testdata.Path(t, "video/flower-5s.mp4"))
	b.Click("#upload-go")
	b.Wait(`!document.querySelector("#alert").hidden && !document.querySelector("#upload-go").disabled`)
	quietBut(t, b, "409")
}

// quietBut is quiet about the answer that the test made the site give.
func quietBut(t *testing.T, b *browsertest.Browser, status string) {
	t.Helper()
	for _, p := range b.Problems() {
		if !strings.Contains(p, "status of "+status) {
			t.Errorf("the page complains: %s", p)
		}
	}
}

// A page about the senders shows what changes without being loaded anew.
func TestAPageOfNumbersStaysUpToDate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	boss := s.hire("boss", people.Admin)
	mod := s.hire("mod", people.Moderator)
	sea := s.subscribed("sea")
	site := s.serve()
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(site, "boss", "a long password")
	b.Go(site + "/admin/subscribers/" + sea)
	b.Wait(`document.querySelector("[data-help=sftp]").hidden && !document.querySelector(".kinds").hidden`)
	b.Click("[data-scheme=sftp]")
	b.Wait(`!document.querySelector("[data-help=sftp]").hidden && document.querySelector("#destination [name=url]").value.startsWith("sftp://")`)
	b.Click("[data-scheme=https]")
	b.Wait(`document.querySelector("#destination [name=url]").value.startsWith("https://") && document.querySelector("[data-help=sftp]").hidden`)
	s.accepted("Ann", mod)
	s.follow()
	b.Wait(`document.querySelector("#live .stats b").textContent === "1" && document.querySelector("#live .alert").textContent.includes("nowhere to send them")`)
	s.want(200, "PATCH", "/api/v1/subscribers/"+sea, map[string]any{"destination": "ftp://sea@one.example/"}, boss)
	b.Wait(`!document.querySelector("#live .alert") && document.querySelector("#destination [name=url]").value.startsWith("https://")`) // what is typed stays
	b.Go(site + "/admin/subscribers")
	s.alter(`UPDATE deliver_delivery SET state = 'dead', done_at = 5, error = '<b>no</b>'`)
	b.Wait(`document.querySelector("#board tbody tr").className === "gave_up" && document.querySelector("#board .said").textContent === "<b>no</b>"`)
	quiet(t, b)
}
