package app

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/browsertest"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// The joined clip seeks exactly in a browser: at 20 random slots the player shows the
// picture that was sent, or the original where there is none.
func TestThePlayerSeeksToTheRightPictures(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.makeClip([]string{"dance", "4"})
	sent := map[int]string{}
	for i := range 24 {
		name := fmt.Sprintf("visitor%d", i)
		face := []string{"bird", "eat", "again", "book", "help", "brother"}[i%6]
		s.must("slot", s.take(name, fmt.Sprint(2*i+1)), s.send(name, fmt.Sprintf("webcam-%s-%d.jpg", face, []int{0, 2, 4}[i%3]), "true"))
		sent[2*i+1] = name
	}
	s.scale(nil)
	for _, name := range sent {
		s.must("", s.settle([]string{"mia", "accept", name, ""}))
	}
	s.hour(nil)
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.server.URL + "/")
	slots := s.slots()
	for range 20 {
		place := slots[rand.IntN(len(slots))]
		got := s.tinyOf(s.seek(b, place.Start.Seconds()+0.02), 0)
		want := s.tinyOf(s.App.Importer.Library.Mezzanine(s.clip), place.First)
		if name := sent[place.Number]; name != "" {
			want = s.tinyOf(s.App.Renditions.Path(s.pictureOf(name).Large), 0)
		}
		if d := distance(got, want); d > 6 {
			t.Errorf("slot %d at %v: the player's picture differs by %.1f of 255", place.Number, place.Start, d)
		}
	}
}

// must holds outcomes of the stage's verbs against a prefix of what they should be.
func (s *stage) must(prefix string, outcomes ...string) {
	s.Helper()
	for _, o := range outcomes {
		if o != "" && (prefix == "" || !strings.HasPrefix(o, prefix)) {
			s.Fatalf("it came to %q", o)
		}
	}
}

func (s *stage) slots() (all []slot.Slot) {
	s.Helper()
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) { all, err = slot.List(tx, s.clip); return err })
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// seek moves the page's player to a second and gives a PNG file of what it shows.
func (s *stage) seek(b *browsertest.Browser, second float64) string {
	s.Helper()
	url := browsertest.Eval[string](b, fmt.Sprintf(`new Promise((done, failed) => {
		const v = document.querySelector('video');
		v.onerror = () => failed(new Error('the player says: ' + v.error.message));
		v.onseeked = () => v.requestVideoFrameCallback ? requestAnimationFrame(() => requestAnimationFrame(shot)) : shot();
		const shot = () => {
			const c = document.createElement('canvas');
			c.width = v.videoWidth; c.height = v.videoHeight;
			c.getContext('2d').drawImage(v, 0, 0);
			done(c.toDataURL('image/png'));
		};
		v.currentTime = %f;
	})`, second))
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	file := filepath.Join(s.TempDir(), "shown.png")
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		s.Fatal(err)
	}
	return file
}

// A visitor in the middle of playing goes on with the version that was begun, while the
// clip is replaced: what the player has not fetched yet still comes from that version.
func TestAPlayingVisitorIsUndisturbedByANewClip(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.noisyClip("noisy", 8)
	last := s.slots()[len(s.slots())-1]
	b := browsertest.Open(t, browsertest.Options{})
	b.Go(s.server.URL + "/")
	b.Wait(`document.querySelector('video').readyState >= 1`)
	s.must("slot", s.take("ann", fmt.Sprint(last.Number)), s.send("ann", "webcam-bird-0.jpg", "true"))
	s.scale(nil)
	s.must("", s.settle([]string{"mia", "accept", "ann", ""}))
	s.hour(nil)
	s.must("", s.shows(fmt.Sprint(last.Number), "ann"))
	began := browsertest.Eval[string](b, `document.querySelector('video').currentSrc`)
	if got := s.tinyOf(s.seek(b, last.Start.Seconds()+0.02), 0); distance(got, s.tinyOf(s.App.Importer.Library.Mezzanine(s.clip), last.First)) > 6 {
		t.Errorf("the player shows something else than the version it began: %s", began)
	}
	if got := browsertest.Eval[float64](b, `new Promise(done => { const v = document.querySelector('video'); v.onended = () => done(v.currentTime); v.muted = true; v.currentTime = v.duration - 0.6; v.play(); })`); got < 7.9 {
		t.Errorf("it ended at %v s of 8", got)
	}
	b.Go(s.server.URL + "/")
	b.Wait(`document.querySelector('video').readyState >= 1`)
	if d := distance(s.tinyOf(s.seek(b, last.Start.Seconds()+0.02), 0), s.tinyOf(s.App.Renditions.Path(s.pictureOf("ann").Large), 0)); d > 6 {
		t.Errorf("a visitor who comes after sees something else than ann: %.1f of 255", d)
	}
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the page had problems: %q", problems)
	}
}

// noisyClip makes a clip of so many bytes that no player fetches all of it at once.
func (s *stage) noisyClip(slug string, seconds int) {
	s.Helper()
	s.clip = slug
	file := filepath.Join(s.TempDir(), "noisy.mp4")
	out, err := exec.CommandContext(s.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=640x360:r=25:d=%d,noise=alls=60:allf=t", seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p", file).CombinedOutput()
	if err != nil {
		s.Fatalf("%v: %s", err, out)
	}
	if _, err := s.App.Importer.Import(s.Context(), source.Request{File: file, Slug: slug, Title: "Noisy"}, func(float64) {}); err != nil {
		s.Fatal(err)
	}
	s.hour(nil)
}
