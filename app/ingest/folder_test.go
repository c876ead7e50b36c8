package ingest_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// watched is a site with a watched folder.
type watched struct {
	*site
	folder *ingest.Folder
}

func newWatched(t *testing.T) *watched {
	s := newSite(t)
	return &watched{s, &ingest.Folder{Door: s.door, Dir: filepath.Join(t.TempDir(), "in"), Interval: time.Second,
		Account: func(context.Context) (string, error) { return "ann", nil }}}
}

func (w *watched) put(name string, data []byte) {
	w.Helper()
	path := filepath.Join(w.folder.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o640); err != nil {
		w.Fatal(err)
	}
	w.touch(name)
}

// touch gives a file the time of the site's clock.
func (w *watched) touch(name string) {
	w.Helper()
	if err := os.Chtimes(filepath.Join(w.folder.Dir, name), w.now, w.now); err != nil {
		w.Fatal(err)
	}
}

// look lets a second pass and looks.
func (w *watched) look() {
	w.Helper()
	w.later(time.Second)
	if _, err := w.folder.Step(context.Background()); err != nil {
		w.Fatal(err)
	}
}

// files lists what lies in the folder.
func (w *watched) files() (names []string) {
	w.Helper()
	err := filepath.WalkDir(w.folder.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(w.folder.Dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func (w *watched) lie(want ...string) {
	w.Helper()
	if got := w.files(); !slices.Equal(got, want) {
		w.Errorf("in the folder lie %v, want %v", got, want)
	}
}

func (w *watched) photos() (all []picture.Picture) {
	w.Helper()
	err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		all, _, err = picture.List(tx, picture.Query{Kind: picture.Photos, Sort: "oldest"})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func TestTheFolderTakesWhatIsComplete(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.put("a.jpg", shot(t, 1)[:200])
	w.look()
	w.put("a.jpg", shot(t, 1))
	w.look()
	w.lie("a.jpg") // it has just grown
	w.put("news/b.jpg", shot(t, 2))
	w.put("c.jpg.part", shot(t, 3))
	w.put(".d.jpg", shot(t, 4))
	w.look()
	w.lie(".d.jpg", "accepted/a.jpg", "c.jpg.part", "news/b.jpg")
	w.look()
	w.lie(".d.jpg", "accepted/a.jpg", "accepted/news/b.jpg", "c.jpg.part")
	if all := w.photos(); len(all) != 2 || all[0].FileName != "a.jpg" || all[1].FileName != "news/b.jpg" || all[0].Origin != "folder" || all[0].Account != "ann" {
		t.Errorf("%+v", all)
	}
	w.put("a.jpg", shot(t, 1)) // again, as after a crash before the move
	w.look()
	w.look()
	w.put("a.jpg", shot(t, 5)) // a correction
	w.look()
	w.look()
	w.lie(".d.jpg", "accepted/a-2.jpg", "accepted/a-3.jpg", "accepted/a.jpg", "accepted/news/b.jpg", "c.jpg.part")
	if all := w.photos(); len(all) != 2 || all[0].Version != 2 {
		t.Errorf("%+v", all)
	}
}

func TestHalfAFileIsNeverTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	whole := file(t, "photos/nps-falcon.jpg")
	w.put("a.jpg", whole[:len(whole)*2/3])
	for range 5 {
		w.look()
	}
	w.lie("a.jpg")
	w.later(11 * time.Minute)
	w.look()
	w.lie("refused/a.jpg", "refused/a.jpg.txt")
	why, err := os.ReadFile(filepath.Join(w.folder.Dir, "refused/a.jpg.txt"))
	if err != nil || !strings.Contains(string(why), "ends in the middle") {
		t.Errorf("%s, %v", why, err)
	}
	for _, path := range testdata.Glob(t, "photos/*.jp*g") {
		data, err := os.ReadFile(path)
		if err != nil || !ingest.Whole(data) {
			t.Errorf("%s is not whole, %v", path, err)
		}
		if cut := data[:len(data)*9/10]; ingest.Whole(cut) && !bytes.Contains(data[len(data)*8/10:], []byte("\xff\xd9")) {
			t.Errorf("nine tenths of %s are whole", path)
		}
	}
}

func TestTheFolderSaysWhyItRefuses(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.door.Default = ingest.Rules{Required: []string{"caption", "city"}}
	w.door.PhotoLimits.Bytes = 1 << 20
	w.put("plain.jpg", shot(t, 1))
	w.put("text.jpg", []byte("no picture"))
	w.put("huge.jpg", make([]byte, 1<<20+1))
	w.put("squirrel.jpg", shot(t, 2))
	w.put("squirrel.xmp", []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" photoshop:City="Kiel"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">A squirrel</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`))
	w.put("odd.jpg", shot(t, 3))
	w.put("odd.jpg.xmp", []byte("<not xmp"))
	w.look()
	w.look()
	w.lie("accepted/squirrel.jpg", "accepted/squirrel.jpg.xmp", "refused/huge.jpg", "refused/huge.jpg.txt", "refused/odd.jpg", "refused/odd.jpg.txt", "refused/odd.jpg.xmp",
		"refused/plain.jpg", "refused/plain.jpg.txt", "refused/text.jpg", "refused/text.jpg.txt")
	why, err := os.ReadFile(filepath.Join(w.folder.Dir, "refused/plain.jpg.txt"))
	if err != nil || string(why) != "The field caption is missing.\nThe field city is missing.\n" {
		t.Errorf("%q, %v", why, err)
	}
}

// Links, pipes and folders are left alone, and nothing outside the folder is touched.
func TestTheFolderIsSafeFromSurprises(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret.jpg")
	if err := os.WriteFile(secret, shot(t, 1), 0o640); err != nil {
		t.Fatal(err)
	}
	w.put("a.jpg", shot(t, 2))
	for link, to := range map[string]string{"link.jpg": secret, "dir": outside} {
		if err := os.Symlink(to, filepath.Join(w.folder.Dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(w.folder.Dir, "folder.jpg"), 0o750); err != nil {
		t.Fatal(err)
	}
	w.look()
	w.look()
	w.lie("accepted/a.jpg", "dir", "link.jpg")
	if len(w.photos()) != 1 {
		t.Errorf("%+v", w.photos())
	}
	// accepted/ that leads elsewhere is refused by the system, and the file stays.
	if err := os.RemoveAll(filepath.Join(w.folder.Dir, "accepted")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(w.folder.Dir, "accepted")); err != nil {
		t.Fatal(err)
	}
	w.put("b.jpg", shot(t, 3))
	w.look()
	w.later(time.Second)
	if _, err := w.folder.Step(t.Context()); err == nil {
		t.Error("it moved a file out of the folder")
	}
	if inside, err := os.ReadDir(outside); err != nil || len(inside) != 1 {
		t.Errorf("%v, %v", inside, err)
	}
}

// A name may be so long that nothing fits behind it, and the name may be taken; neither
// holds up the other files.
func TestLongNamesInTheFolder(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	long := strings.Repeat("ü", 125) + ".jpg"
	refused := strings.Repeat("a", 251) + ".jpg"
	odd := "b." + strings.Repeat("c", 253)
	w.put(long, shot(t, 1))
	w.put(refused, []byte("no picture"))
	w.put(odd, []byte("no picture"))
	w.put("z.jpg", shot(t, 2))
	w.look()
	w.look()
	w.put(long, shot(t, 3))
	w.look()
	w.look()
	stem := strings.Repeat("ü", 112)
	w.lie("accepted/z.jpg", "accepted/"+stem+"-2.jpg", "accepted/"+stem+".jpg",
		"refused/"+refused[:225]+".jpg", "refused/"+refused[:225]+".jpg.txt", "refused/"+odd[:225], "refused/"+odd[:225]+".txt")
	if len(w.photos()) != 2 { // the third is a correction
		t.Errorf("%d photographs", len(w.photos()))
	}
}

// A file that can't be moved is an error, and the others are taken all the same.
func TestOneFileHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.put("a/a.jpg", shot(t, 1))
	w.put("b.jpg", shot(t, 2))
	w.put("accepted/a", []byte("a file where a folder is to be"))
	w.look()
	w.later(time.Second)
	if worked, err := w.folder.Step(t.Context()); err == nil || !worked || !strings.Contains(err.Error(), "a/a.jpg") {
		t.Errorf("%v, %v", worked, err)
	}
	w.lie("a/a.jpg", "accepted/a", "accepted/b.jpg")
}

func TestBadFilesInTheFolder(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	for _, path := range testdata.Glob(t, "bad/i-*") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w.put(filepath.Base(path), data)
	}
	w.look()
	for range 3 { // a batch at a time; then those without an end
		w.look()
		w.later(11 * time.Minute)
	}
	for _, name := range w.files() {
		if !strings.HasPrefix(name, "accepted/") && !strings.HasPrefix(name, "refused/") {
			t.Errorf("%s lies there still", name)
		}
	}
}
