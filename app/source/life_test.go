package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// uploaded puts a copy of a file where uploads lie, and gives its path.
func uploaded(t *testing.T, im *Importer, file string) string {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	to := filepath.Join(im.Incoming, "import-"+store.NewID())
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

func queued(t *testing.T, im *Importer, name string) string {
	t.Helper()
	id, err := im.Queue(t.Context(), Request{File: uploaded(t, im, testdata.Path(t, name)), Slug: "clip", Title: "A clip"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func latest(t *testing.T, im *Importer) Import {
	t.Helper()
	var all []Import
	if err := im.DB.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = Imports(tx, 1); return err }); err != nil || len(all) == 0 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

func step(t *testing.T, im *Importer, want bool) {
	t.Helper()
	if worked, err := im.Step(t.Context()); worked != want || err != nil {
		t.Fatalf("step: worked %v, error %v; want %v and none", worked, err, want)
	}
}

func TestAnUploadedVideoWaitsAndIsImported(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	step(t, im, false)
	id := queued(t, im, "video/vp9-10bit-profile2.webm")
	if i := row(t, im, id); i.State != Queued || !i.Uploaded || i.Progress != 0 {
		t.Errorf("queued as %+v", i)
	}
	step(t, im, true)
	if i := row(t, im, id); i.State != Done || i.Progress != 1 || i.Finished.IsZero() || i.Error != "" {
		t.Errorf("done as %+v", i)
	}
	step(t, im, false)
	err := im.DB.Read(t.Context(), func(tx *store.Tx) error { v, err := Get(tx, "clip"); checkVideo(t, im, v); return err })
	if err != nil {
		t.Error(err)
	}
}

func TestARefusedUploadLeavesItsReason(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	id := queued(t, im, "bad/v-truncated-no-moov.mp4")
	step(t, im, true)
	if i := row(t, im, id); i.State != Refused || i.Code != "incomplete_video" || i.Error == "" {
		t.Errorf("refused as %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
	// The slug is free again.
	queued(t, im, "video/vp9-10bit-profile2.webm")
	step(t, im, true)
}

func TestWhatCantBeQueuedCostsItsFile(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	first := queued(t, im, "video/vp9-10bit-profile2.webm")
	for code, slug := range map[string]string{"slug_taken": "clip", "bad_slug": "A clip"} {
		_, err := im.Queue(t.Context(), Request{File: uploaded(t, im, testdata.Path(t, "video/vp9-10bit-profile2.webm")), Slug: slug, Title: "x"})
		if !fault.Has(err, code) {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	if rest := left(t, im); len(rest) != 1 {
		t.Errorf("there lie %v, want the first one's file", rest)
	}
	if err := im.Cancel(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if i := row(t, im, first); i.State != Cancelled {
		t.Errorf("cancelled as %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
	if err := im.Cancel(t.Context(), first); !fault.Has(err, "import_over") {
		t.Errorf("error %v, want import_over", err)
	}
	if err := im.Cancel(t.Context(), "none"); !fault.Has(err, "no_import") {
		t.Errorf("error %v, want no_import", err)
	}
}

// The import runs here, and is cancelled through another connection to the database, as
// the server cancels what a command runs.
func TestARunningImportIsCancelledFromElsewhere(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	other, err := store.Open(t.Context(), im.DB.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	elsewhere := &Importer{DB: other, Tool: im.Tool, Library: im.Library, Incoming: im.Incoming}
	cancelled := time.Time{}
	_, err = im.Import(t.Context(), Request{File: testdata.Path(t, "video/one-by-one-person-139s-noaudio.mp4"), Slug: "clip", Title: "x"}, func(share float64) {
		if share > 0.02 && cancelled.IsZero() {
			cancelled = time.Now()
			if err := elsewhere.Cancel(t.Context(), latest(t, im).ID); err != nil {
				t.Error(err)
			}
		}
	})
	if !fault.Has(err, "import_cancelled") || !fault.Is(err, fault.Gone) {
		t.Errorf("error %v, want Gone import_cancelled", err)
	}
	if took := time.Since(cancelled); took > 8*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if i := latest(t, im); i.State != Cancelled {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
}

func TestACommandThatIsInterruptedCleansUp(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := im.Import(ctx, Request{File: testdata.Path(t, "video/one-by-one-person-139s-noaudio.mp4"), Slug: "clip", Title: "x"}, func(share float64) {
		if share > 0.02 {
			cancel()
		}
	})
	if !fault.Has(err, "import_stopped") {
		t.Errorf("error %v, want import_stopped", err)
	}
	if i := latest(t, im); i.State != Cancelled {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
}

func TestAnUploadIsTakenAgainAfterARestart(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	id := queued(t, im, "video/vp9-10bit-profile2.webm")
	ctx, cancel := context.WithCancel(t.Context())
	w, err := im.Library.open(id)
	if err != nil {
		t.Fatal(err)
	}
	if worked, err := im.Step(t.Context()); worked || err != nil { // another process is at it
		t.Errorf("a held import was taken: %v, %v", worked, err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	// The server is told to stop while the import runs.
	err = im.DB.Write(ctx, func(tx *store.Tx) error { _, err := begin(tx, id); return err })
	if err != nil {
		t.Fatal(err)
	}
	if w, err = im.Library.open(id); err != nil {
		t.Fatal(err)
	}
	j := &job{Importer: im, work: w, Request: row(t, im, id).request, tell: func(float64) { cancel() }}
	j.source = func(context.Context) (string, error) { return im.incoming(j.File), nil }
	_, err = j.run(ctx)
	if state, err := j.over(ctx, err, Queued); state != Queued || !fault.Has(err, "import_stopped") {
		t.Errorf("stopped as %s, %v", state, err)
	}
	if i := row(t, im, id); i.State != Queued || i.Attempts != 0 {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) != 1 {
		t.Errorf("there lie %v, want the upload", rest)
	}
	step(t, im, true)
	if i := row(t, im, id); i.State != Done || i.Attempts != 1 {
		t.Errorf("its row is %+v", i)
	}
}

func TestAConversionThatStandsStillIsEnded(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	im.Stall = time.Nanosecond
	_, err := im.Import(t.Context(), Request{File: testdata.Path(t, "video/flower-5s.mp4"), Slug: "clip", Title: "x"}, nil)
	if !fault.Has(err, "stalled") || !fault.Is(err, fault.Internal) {
		t.Errorf("error %v, want Internal stalled", err)
	}
	if i := latest(t, im); i.State != Failed || i.Code != "stalled" {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
}

// Each moment at which a process may die is made by hand; what was there must be told
// from what was begun.
func TestWhatAKilledImportLeftIsTakenAway(t *testing.T) {
	t.Parallel()
	for name, reach := range map[string]int{"before its folder": 0, "with its folder": 1, "after publishing it": 2} {
		for _, uploads := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, uploaded %v", name, uploads), func(t *testing.T) {
				t.Parallel()
				im := newImporter(t)
				id := killed(t, im, uploads, reach)
				if err := im.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				i, rest := row(t, im, id), left(t, im)
				if !uploads && (i.State != Failed || i.Code != "interrupted" || len(rest) > 0) {
					t.Errorf("the command's import is %+v and leaves %v", i, rest)
				}
				if uploads && (i.State != Queued || len(rest) != 1) {
					t.Errorf("the upload is %+v and leaves %v", i, rest)
				}
			})
		}
	}
}

// killed makes what a process leaves that died: its lock is free, everything else is there.
func killed(t *testing.T, im *Importer, uploads bool, reach int) (id string) {
	t.Helper()
	r := Request{Slug: "clip", Title: "x", File: "x", Hold: 2}
	id = store.NewID()
	if uploads {
		id = queued(t, im, "bad/v-audio-only.mp4")
	}
	die(t, im, id, func(w *work) {
		err := im.DB.Write(t.Context(), func(tx *store.Tx) error {
			if uploads {
				_, err := begin(tx, id)
				return err
			}
			return admit(tx, id, r, false, Running)
		})
		if err == nil && reach > 0 {
			err = w.prepare()
		}
		if err == nil && reach > 1 {
			err = w.publish("clip")
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return id
}

func die(t *testing.T, im *Importer, id string, f func(*work)) {
	t.Helper()
	w, err := im.Library.open(id)
	if err != nil || w == nil {
		t.Fatal(w, err)
	}
	f(w)
	if err := im.Sweep(t.Context()); err != nil { // while it lives nothing is swept
		t.Fatal(err)
	}
	if i := row(t, im, id); i.State != Running {
		t.Errorf("a live import became %+v", i)
	}
	if err := w.lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnUploadThatKillsItsProcessIsGivenUp(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	id := queued(t, im, "bad/v-audio-only.mp4")
	for range defaultTries {
		if i := row(t, im, id); i.State != Queued {
			t.Fatalf("its row is %+v", i)
		}
		die(t, im, id, func(*work) {
			if err := im.DB.Write(t.Context(), func(tx *store.Tx) error { _, err := begin(tx, id); return err }); err != nil {
				t.Fatal(err)
			}
		})
		if err := im.interrupted(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if i := row(t, im, id); i.State != Failed || i.Code != "interrupted" || i.Attempts != defaultTries {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
}

func TestAMarkThatWasForgottenCostsNothing(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	imported(t, im, testdata.Path(t, "video/vp9-10bit-profile2.webm"))
	mark := filepath.Join(im.Library.Folder("clip"), markName)
	if err := os.WriteFile(mark, []byte(latest(t, im).ID), 0o600); err != nil { // died right after the commit
		t.Fatal(err)
	}
	if err := im.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(im.Library.Mezzanine("clip")); err != nil {
		t.Error("a video was taken away")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the mark is still there")
	}
}

func TestOldUploadsThatNobodyWaitsForAreSwept(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	id := queued(t, im, "bad/v-audio-only.mp4")
	stray := uploaded(t, im, testdata.Path(t, "bad/v-audio-only.mp4"))
	fresh := uploaded(t, im, testdata.Path(t, "bad/v-audio-only.mp4"))
	old := time.Now().Add(-25 * time.Hour)
	for _, f := range []string{stray, im.incoming(row(t, im, id).request.File)} {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := im.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stray); err == nil {
		t.Error("the old one is still there")
	}
	if _, err := os.Stat(fresh); err != nil || len(left(t, im)) != 2 {
		t.Errorf("there lie %v", left(t, im))
	}
}
