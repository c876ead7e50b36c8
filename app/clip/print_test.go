package clip

import (
	"bytes"
	"context"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// versions are the clip's, newest first.
func (s *stage) versions() (all []Version) {
	s.Helper()
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		all, err = Versions(tx, "c", 0, 100)
		return err
	}))
	return all
}

func (s *stage) version(n int) (v Version) {
	s.Helper()
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		v, err = VersionOf(tx, "c", n)
		return err
	}))
	return v
}

// history makes all prints that are wanted.
func (s *stage) history() {
	s.Helper()
	s.until(s.StepHistory)
}

func (s *stage) stillsDone() { s.Helper(); s.until(s.StepStills) }

func (s *stage) until(step func(context.Context) (bool, error)) {
	s.Helper()
	for {
		worked, err := step(context.Background())
		s.must(err)
		if !worked {
			return
		}
	}
}

func (s *stage) withdraw(id picture.ID) {
	s.Helper()
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, id, "contributor") })
	s.must(s.Forget(context.Background(), id))
}

// mapOf is a version's map of slots.
func (s *stage) mapOf(n int) (m string) {
	s.Helper()
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) { m, err = MapOf(tx, "c", n); return err }))
	return m
}

// four has four versions of the clip made, of which only the last keeps its file: with no
// picture, one in slot 3, one in slot 9 as well, and another in slot 3.
func four(t *testing.T) (s *stage, ids []picture.ID, hashes []string) {
	m := small()
	m.sound = true
	s = newStage(t, m)
	s.Keep = 1
	hashes = append(hashes, s.render().Hash)
	for i, n := range []int{3, 9, 3} {
		ids = append(ids, s.fill(n, still(i+1, 160, 90)))
		hashes = append(hashes, s.render().Hash)
	}
	return s, ids, hashes
}

func TestAnEarlierVersionIsJoinedAgain(t *testing.T) {
	t.Parallel()
	s, _, hashes := four(t)
	for i, v := range s.versions() {
		if v.Version != 4-i || v.Ready() != (i == 0) || v.Current != (i == 0) {
			t.Errorf("version %d: %+v", 4-i, v)
		}
	}
	v, err := s.WantVersion(context.Background(), "c", 2, Visitor)
	if err != nil || !v.Open() || v.Ready() {
		t.Fatalf("wanted, it is %+v, %v", v, err)
	}
	s.history()
	v = s.version(2)
	if v.PlayHash() != hashes[1] || v.Rejoined.Progress != 1 {
		t.Errorf("joined again, it is %+v", v)
	}
	var path string
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) { path, err = s.ByHash(tx, "c", hashes[1]); return err }))
	st, err := os.Stat(path)
	if err != nil || st.Size() != v.Rejoined.Bytes || path != s.PrintFile(v.Rejoined) {
		t.Errorf("its file is %s: %v", path, err)
	}
	s.quiet(path)
	if w, err := s.WantVersion(context.Background(), "c", 2, Visitor); err != nil || w.Open() {
		t.Errorf("wanted again, it is %+v, %v", w, err)
	}
	for _, n := range []int{0, -1, 5} {
		if _, err := s.WantVersion(context.Background(), "c", n, Visitor); !fault.Has(err, "no_version") {
			t.Errorf("version %d: %v", n, err)
		}
	}
	if _, err := s.WantVersion(context.Background(), "nosuch", 1, Visitor); !fault.Has(err, "no_version") {
		t.Errorf("of no clip: %v", err)
	}
	// There is room for one; the one played last stays.
	if _, err := s.WantVersion(context.Background(), "c", 3, Visitor); err != nil {
		t.Fatal(err)
	}
	s.history()
	if s.version(2).Ready() || !s.version(3).Ready() || exists(path) {
		t.Error("the version joined before is still there")
	}
	if maps := []string{s.mapOf(1), s.mapOf(2), s.mapOf(3)}; maps[0][2] != '.' || maps[1][2] != 'x' || maps[1][8] != '.' || maps[2][8] != 'x' || len(maps[2]) != 50 {
		t.Errorf("the maps are %q", maps)
	}
}

func TestWhatWasSweptIsEncodedAnew(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.fill(3, still(1, 160, 90))
	before := s.grey(s.File(s.render()))
	s.Keep = 1
	s.fill(9, still(2, 160, 90))
	s.render()
	s.must(os.RemoveAll(s.Units))
	s.must2(s.WantVersion(context.Background(), "c", 1, "account:1"))
	s.history()
	after := s.grey(s.PrintFile(s.version(1).Rejoined))
	if size := s.width * s.height; len(after) != 100*size {
		t.Fatalf("it has %d frames", len(after)/size)
	}
	if d := difference(before, after); d > 2 {
		t.Errorf("it differs from what it was by %.1f of 255", d)
	}
}

func (s *stage) must2(_ any, err error) { s.Helper(); s.must(err) }

// A visitor's wish that would encode much is left to an admin's.
func TestAVisitorsWishEncodesLittle(t *testing.T) {
	t.Parallel()
	s := newStage(t, made{fps: fps25, frames: rejoinFrames + 50, hold: 2})
	s.Keep = 1
	s.render()
	s.fill(3, still(1, 160, 90))
	s.render()
	s.must(os.RemoveAll(s.Units))
	s.must2(s.WantVersion(context.Background(), "c", 1, Visitor))
	s.history() // which isn't an error of ours
	if v := s.version(1); v.Rejoined.State != Failed || v.Ready() {
		t.Errorf("for a visitor it is %+v", v)
	}
	s.must2(s.WantVersion(context.Background(), "c", 1, "account:1"))
	s.history()
	if !s.version(1).Ready() {
		t.Errorf("for an admin it is %+v", s.version(1))
	}
}

func TestVisitorsCantKeepTheMachineBusy(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.Keep = 1
	for n := 1; n <= visitorsHour+4; n++ {
		s.write(func(tx *store.Tx) error { // versions without their files
			_, err := tx.Exec(`INSERT INTO clip_render (id, clip, state, plan, version, hash, queued_at, finished_at) VALUES ($1, 'c', 'done', 'p', $2, 'h', 1, 1)`, store.NewID(), n)
			return err
		})
	}
	wish := func(n int, by string) error {
		_, err := s.WantVersion(context.Background(), "c", n, by)
		return err
	}
	served := func() {
		s.write(func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE clip_print SET state = 'gone' WHERE state = 'queued'`)
			return err
		})
	}
	n := 0
	for n < visitorsHour {
		for range visitorsWait {
			n++
			s.must(wish(n, Visitor))
		}
		if err := wish(n+1, Visitor); !fault.Has(err, "too_many_prints") || fault.Of(err).RetryAfter <= 0 {
			t.Fatalf("after %d: %v", n, err)
		}
		served()
	}
	if err := wish(n+1, Visitor); !fault.Has(err, "too_many_prints") {
		t.Errorf("after %d within the hour: %v", n, err)
	}
	s.must(wish(n+2, "account:1"))
	s.now = s.now.Add(time.Hour + time.Minute)
	s.must(wish(n+1, Visitor))
}

// In what is made after a withdrawal the slot shows the original, and what was made before
// is gone at once.
func TestAWithdrawnPictureComesBackInNoPrint(t *testing.T) {
	t.Parallel()
	s, ids, _ := four(t)
	s.Keep = 5
	s.stillsDone()
	for n := range 3 {
		s.must2(s.WantVersion(context.Background(), "c", n+1, Visitor))
		s.history()
	}
	s.must2(s.WantGrowth(context.Background(), "c", Visitor))
	s.history()
	_, film, err := s.growthNow()
	s.must(err)
	with, poster, growth := s.PrintFile(s.version(2).Rejoined), s.PrintFile(s.version(4).Stills), s.PrintFile(film)
	for _, f := range []string{with, poster, growth} {
		if !exists(f) {
			t.Fatalf("%q is not there", f)
		}
	}
	s.withdraw(ids[1]) // in slot 9 of versions 3 and 4
	if !s.version(2).Ready() || s.version(3).Ready() || s.version(4).Stills.File != "" || exists(poster) || exists(growth) {
		t.Errorf("after one was withdrawn: %+v", s.versions())
	}
	s.must2(s.WantVersion(context.Background(), "c", 3, "account:1"))
	s.history()
	v := s.version(3)
	if !v.Ready() || s.mapOf(3)[8] != '.' || s.mapOf(3)[2] != 'x' {
		t.Fatalf("version 3 is %+v, %s", v, s.mapOf(3))
	}
	size := s.width * s.height
	got, original := s.grey(s.PrintFile(v.Rejoined)), s.grey(s.Library.Mezzanine("c"))
	if d := difference(got[16*size:18*size], original[16*size:18*size]); d > 4 {
		t.Errorf("slot 9 differs from the original by %.1f of 255", d)
	}
	if d := difference(got[4*size:6*size], original[4*size:6*size]); d < 20 {
		t.Errorf("slot 3 shows the original: it differs by %.1f of 255", d)
	}
	s.must(s.step()) // the render that the withdrawal asked for
	s.stillsDone()
	if st := s.version(5).Stills; st.File == "" || slices.Contains(st.shows, ids[1]) || !slices.Contains(st.shows, ids[2]) {
		t.Errorf("the new stills are %+v", st)
	}
}

func difference(a, b []byte) (sum float64) {
	for i := range a {
		sum += abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

func (s *stage) growthNow() (done, last Print, err error) {
	err = s.DB.Read(context.Background(), func(tx *store.Tx) (err error) { done, last, err = GrowthOf(tx, "c"); return err })
	return done, last, err
}

// A picture that is withdrawn while something with it is being made is not in what comes
// of it.
func TestAWithdrawalWhileAPrintIsMade(t *testing.T) {
	t.Parallel()
	s, ids, _ := four(t)
	s.must2(s.WantVersion(context.Background(), "c", 3, "account:1"))
	p, ok, err := s.takePrint(context.Background(), false)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	p.File = p.claim
	done, err := s.printed(context.Background(), p, new(meter))
	s.must(err)
	s.withdraw(ids[1])
	old, err := s.settlePrint(context.Background(), p, done)
	s.must(err)
	if v := s.version(3); v.Ready() || v.Rejoined.State != Queued || len(old) != 1 {
		t.Errorf("it is %+v, and %v goes", v, old)
	}
	s.must(removeAll(old))
	s.history()
	if s.mapOf(3)[8] != '.' || !s.version(3).Ready() {
		t.Errorf("then it is %+v", s.version(3))
	}
}

func TestStillsAreMadeOfEachVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	s.render()
	s.stillsDone()
	if st := s.version(1).Stills; st.File == "" || len(st.shows) != 0 {
		t.Errorf("of an empty clip they are %+v", st)
	}
	best := s.fill(20, still(2, 160, 90))
	other := s.fill(9, still(1, 160, 90))
	s.write(func(tx *store.Tx) error {
		for id, score := range map[picture.ID]float64{best: 5, other: 3} {
			if _, err := picture.Settle(tx, id, picture.Verdict{State: picture.Rejected, By: "test"}); err != nil {
				return err
			}
			if _, err := picture.Settle(tx, id, picture.Verdict{State: picture.Accepted, Score: score, By: "test"}); err != nil {
				return err
			}
		}
		return nil
	})
	r := s.render()
	s.stillsDone()
	st := s.version(2).Stills
	if !slices.Contains(st.shows, best) || !slices.Contains(st.shows, other) || st.Bytes > 400_000 {
		t.Errorf("they are %+v", st)
	}
	img, err := jpeg.Decode(bytes.NewReader(s.read(s.PrintFile(st))))
	s.must(err)
	if img.Bounds().Dx() != s.width || img.Bounds().Dy() != s.height {
		t.Errorf("the poster is %v", img.Bounds())
	}
	size := s.width * s.height
	poster := s.grey(s.PrintFile(st))
	clip := s.grey(s.File(r))
	if d, e := difference(poster[:size], clip[38*size:39*size]), difference(poster[:size], clip[16*size:17*size]); d > 12 || d > e/2 {
		t.Errorf("the poster differs from the best picture by %.1f of 255, from the other by %.1f", d, e)
	}
	if raw := s.read(s.PreviewFile(st)); string(raw[:4]) != "RIFF" || !bytes.Contains(raw[:64], []byte("ANIM")) || bytes.Count(raw, []byte("ANMF")) < 3 {
		t.Errorf("the preview is no animated WebP: %q", raw[:min(64, len(raw))])
	}
}

// What fails with the stills is said, and the version stands.
func TestFailedStillsLeaveTheVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	r := s.render()
	s.must(os.Truncate(s.File(r), 100))
	if worked, err := s.StepStills(context.Background()); !worked || !fault.Has(err, "stills_failed") {
		t.Errorf("%t, %v", worked, err)
	}
	var open []Print
	s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) { open, err = Prints(tx, 5); return err }))
	if len(open) != 1 || open[0].State != Failed || open[0].Error == "" || s.current().ID != r.ID || len(s.files()) != 1 {
		t.Errorf("they are %+v; files %v", open, s.files())
	}
}

func TestAKilledPrintIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	s, _, _ := four(t)
	s.must2(s.WantVersion(context.Background(), "c", 2, Visitor))
	for range s.tries() {
		if _, ok, err := s.takePrint(context.Background(), false); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, ok, err := s.takePrint(context.Background(), false); ok || err != nil {
			t.Fatalf("it is taken twice: %v", err)
		}
		s.now = s.now.Add(claimLasts + time.Second)
	}
	s.history()
	if v := s.version(2); v.Rejoined.State != Failed {
		t.Errorf("after too many tries it is %+v", v)
	}
	s.must2(s.WantVersion(context.Background(), "c", 2, Visitor))
	ctx, stop := context.WithCancel(context.Background())
	p, _, err := s.takePrint(ctx, false)
	s.must(err)
	stop()
	if err := s.makePrint(ctx, p); err == nil || s.version(2).Rejoined.State != Queued {
		t.Errorf("asked to stop, it is %+v, %v", s.version(2), err)
	}
	s.history()
	if !s.version(2).Ready() || len(s.files()) != 2 {
		t.Errorf("in the end it is %+v, with the files %v", s.version(2), s.files())
	}
}

func TestTheGrowthIsAShortFilm(t *testing.T) {
	t.Parallel()
	s, _, _ := four(t)
	p, err := s.WantGrowth(context.Background(), "c", Visitor)
	if err != nil || p.State != Queued || p.Version != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	s.history()
	done, last, err := s.growthNow()
	s.must(err)
	if done.State != Done || done.ID != last.ID || done.Bytes == 0 {
		t.Fatalf("%+v", done)
	}
	s.quiet(s.PrintFile(done))
	size := growthWide * growthHigh
	film := s.grey(s.PrintFile(done))
	if n := len(film) / size; n != 4*growthEach+growthStand {
		t.Errorf("it has %d frames", n)
	}
	light := func(frame int) (sum float64) {
		for _, v := range film[frame*size : (frame+1)*size] {
			sum += float64(v)
		}
		return sum / float64(size)
	}
	if a, b, c := light(0), light(growthEach-1), light(len(film)/size-1); abs(a-b) > 1 || c < a+1 {
		t.Errorf("its first frame has a brightness of %.1f, the first version's last %.1f, and the last %.1f", a, b, c)
	}
	if _, err := s.WantGrowth(context.Background(), "c", Visitor); err != nil {
		t.Errorf("wanted again: %v", err)
	}
	s.fill(20, still(7, 160, 90))
	s.render()
	if _, err := s.WantGrowth(context.Background(), "c", Visitor); !fault.Has(err, "too_many_prints") {
		t.Errorf("wanted again within the hour: %v", err)
	}
	s.now = s.now.Add(growEvery)
	s.must2(s.WantGrowth(context.Background(), "c", Visitor))
	s.history()
	if now, _, err := s.growthNow(); err != nil || now.Version != 5 || exists(s.PrintFile(done)) {
		t.Errorf("an hour later it is %+v, %v", now, err)
	}
}

func TestAFilmOfManyVersionsIsNoLonger(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: growthEach, 10: 10 * growthEach, 25: growthMost, 26: growthMost, 9000: growthMost} {
		g := growth{versions: make([]moment, n)}
		if got := g.length(); got != want || g.frameOf(n-1) >= got {
			t.Errorf("%d versions take %d frames, the last from frame %d", n, got, g.frameOf(n-1))
		}
	}
}

func TestCellsFillTheWall(t *testing.T) {
	t.Parallel()
	area := growthArea()
	for _, c := range [][3]int{{1, 1280, 720}, {12, 320, 180}, {2750, 1280, 720}, {2750, 720, 1280}, {22500, 1920, 800}} {
		columns, step := cells(c[0], c[1], c[2], area)
		rows := (c[0] + columns - 1) / columns
		if columns*step.X > area.X || rows*step.Y > area.Y {
			t.Errorf("%v: %d × %d cells of %v don't fit", c, columns, rows, step)
		}
		if used := float64(c[0]*step.X*step.Y) / float64(area.X*area.Y); used < 0.3 && c[0] > 1 {
			t.Errorf("%v: cells of %v use %.2f of the wall", c, step, used)
		}
	}
}

func TestSweepForgetsWhatNobodyPlays(t *testing.T) {
	t.Parallel()
	s, _, _ := four(t)
	s.must2(s.WantVersion(context.Background(), "c", 2, Visitor))
	s.history()
	file := s.PrintFile(s.version(2).Rejoined)
	s.must(s.Played(file))
	s.must(s.Sweep(context.Background(), 1<<40))
	if !s.version(2).Ready() {
		t.Fatal("it was swept at once")
	}
	old := time.Now().Add(-2 * printRest)
	for _, f := range s.files() {
		s.must(os.Chtimes(f, old, old))
	}
	s.must(s.Played(file))
	s.must(s.Sweep(context.Background(), 1<<40))
	if !s.version(2).Ready() || !exists(file) {
		t.Fatal("it was swept though it was just played")
	}
	s.must(os.Chtimes(file, old, old))
	orphan := filepath.Join(s.Library.Renders("c"), "orphan.webp")
	s.must(os.WriteFile(orphan, nil, 0o600))
	s.must(os.Chtimes(orphan, old, old))
	s.stillsDone()
	s.must(s.Sweep(context.Background(), 1<<40))
	if s.version(2).Ready() || exists(file) || exists(orphan) || !exists(s.PrintFile(s.version(4).Stills)) {
		t.Errorf("after it is swept there are %v", s.files())
	}
}

func TestWrongFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newStage(t, small())
	id := s.fill(3, still(1, 160, 90))
	r := s.render()
	s.stillsDone()
	wrong := func() (all []error) {
		s.must(s.DB.Read(context.Background(), func(tx *store.Tx) (err error) { all, err = s.Wrong(tx); return err }))
		return all
	}
	if all := wrong(); len(all) != 0 {
		t.Errorf("in a sound state: %v", all)
	}
	s.must(os.Remove(s.File(r)))
	s.must(os.Remove(s.PreviewFile(s.version(1).Stills)))
	s.write(func(tx *store.Tx) error { return picture.Withdraw(tx, id, "contributor") })
	if all := wrong(); len(all) != 3 {
		t.Errorf("with two files gone and a picture withdrawn: %v", all)
	}
}
