package order

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/testdata"
	"oneframe/app/vault"
)

// newMaker has a database and folders of its own.
func newMaker(t testing.TB) *Maker {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(context.Background(), dir+"/x.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	m := &Maker{DB: db, Dir: dir + "/made", Budget: rendition.NewBudget(256 << 20), Limits: rendition.Limits{Bytes: 200 << 20, Pixels: 50_000_000}}
	for name, v := range map[string]**vault.Vault{"originals": &m.Originals, "marks": &m.Marks} {
		if *v, err = vault.Open(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// ordered keeps the file as an accepted picture's original.
func ordered(t testing.TB, m *Maker, data []byte, s Spec) Job {
	t.Helper()
	k, err := m.Originals.Put(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := metadata.Read(data)
	if err != nil {
		r = metadata.Record{}
	}
	p := picture.Picture{ID: picture.ID(k[:8]), State: picture.Accepted, Original: k, Type: "image/jpeg", FileName: "DSC_0001.JPG", ReceivedAt: time.Unix(1.78e9, 0).UTC(), Version: 1}
	if info, err := rendition.Inspect(data, rendition.Limits{Bytes: 200 << 20, TIFF: true}); err == nil {
		p.Type, p.Width, p.Height = info.Type, info.Width, info.Height
	}
	return Job{Delivery: "d1", Subscriber: "s1", Kind: "first", Picture: p, Record: r, Version: 1, Spec: s}
}

func photo(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// brought makes the parcel and reads it twice, as a second try does.
func brought(t testing.TB, m *Maker, j Job) (send.Parcel, []byte) {
	t.Helper()
	p, err := m.Make(t.Context(), j)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	data := opened(t, p)
	if again := opened(t, p); !bytes.Equal(data, again) {
		t.Error("the second try brings something else")
	}
	sum := sha256.Sum256(data)
	if int64(len(data)) != p.Size || hex.EncodeToString(sum[:]) != p.SHA256 {
		t.Errorf("%d bytes of %x, told as %d of %s", len(data), sum, p.Size, p.SHA256)
	}
	if why := unsafe(p.Name); why != "" {
		t.Errorf("the name %q: %s", p.Name, why)
	}
	return p, data
}

func opened(t testing.TB, p send.Parcel) []byte {
	t.Helper()
	r, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

func size(t testing.TB, data []byte) image.Point {
	t.Helper()
	return decoded(t, data).Bounds().Size()
}

func TestAnUntouchedOriginalGoesByteForByte(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	for _, name := range []string{"photos/lightroom-every-iptc-field.jpg", "photos/depthmap-extended-xmp.jpg", "photos/orient-landscape-6.jpg", "photos/denali.webp", "bad/i-truncated-10000.jpg"} {
		data := photo(t, name)
		p, got := brought(t, m, ordered(t, m, data, Spec{Name: "{name}-{id}"}))
		if !bytes.Equal(got, data) || strings.HasSuffix(p.Name, ".webp") != strings.HasSuffix(name, ".webp") || p.Sidecar != nil {
			t.Errorf("%s: %d bytes of %d as %s", name, len(got), len(data), p.Name)
		}
	}
	if made, err := os.ReadDir(m.Dir); err == nil {
		t.Errorf("the cache has %d folders", len(made))
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	upright := photo(t, "photos/orient-landscape-6.jpg") // 1800×1200 as shown, stored on its side
	for _, c := range []struct {
		spec Spec
		w, h int
	}{
		{Spec{Longest: 900}, 900, 600}, {Spec{Longest: 20000}, 1800, 1200}, {Spec{Width: 600, Height: 600}, 600, 600},
		{Spec{Width: 300, Height: 900}, 300, 900}, {Spec{Width: 3600, Height: 1200}, 1800, 600}, {Spec{Width: 20000, Height: 16}, 1800, 1},
		{Spec{Watermark: &Watermark{Text: "x"}}, 1800, 1200},
	} {
		_, data := brought(t, m, ordered(t, m, upright, c.spec))
		if got := size(t, data); got != image.Pt(c.w, c.h) {
			t.Errorf("%+v: %v", c.spec, got)
		}
		info, err := rendition.Inspect(data, rendition.Limits{})
		if err != nil || info.Orientation != 1 {
			t.Errorf("%+v: turned by %d, %v", c.spec, info.Orientation, err)
		}
	}
}

// Whatever the size asked for, the file has no more bytes, metadata and all.
func TestMaxBytes(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	data := photo(t, "photos/orient-portrait-6.jpg")
	last := 0
	for _, most := range []int64{20_000, 60_000, 120_000, 200_000, int64(len(data)) - 1} {
		_, got := brought(t, m, ordered(t, m, data, Spec{MaxBytes: most}))
		if int64(len(got)) > most || int64(len(got)) < most/3 {
			t.Errorf("%d bytes where %d are allowed", len(got), most)
		}
		if now := size(t, got).X; now < last {
			t.Errorf("%d wide at %d bytes, and %d at fewer", now, most, last)
		} else {
			last = now
		}
	}
	_, got := brought(t, m, ordered(t, m, data, Spec{MaxBytes: int64(len(data))}))
	if !bytes.Equal(got, data) {
		t.Error("an original that fits was changed")
	}
	j := ordered(t, m, data, Spec{MaxBytes: 20_000})
	j.Record.Caption = strings.Repeat("x", 30_000)
	if _, err := m.Make(t.Context(), j); send.KindOf(err) != send.Refused || !strings.Contains(err.Error(), "20000 bytes") {
		t.Errorf("%v", err)
	}
}

func TestWhatCantBeMadeIsSaid(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	data := photo(t, "photos/go-gray.jpeg")
	for want, change := range map[string]func(*Job){
		"refused withdrawn": func(j *Job) { j.Picture.State = picture.Withdrawn },
		"refused waiting":   func(j *Job) { j.Picture.State = picture.Waiting },
		"ours missing":      func(j *Job) { j.Picture.Original = vault.KeyOf([]byte("gone")) },
		"hopeless upload":   func(j *Job) { j.Spec.Watermark = &Watermark{Image: vault.KeyOf([]byte("gone"))} },
		"ours in time":      func(j *Job) { j.Spec.Longest = 33 },
		"refused damaged": func(j *Job) {
			j.Picture.Original = ordered(t, m, []byte("\xff\xd8\xff\xd9"), Spec{}).Picture.Original
			j.Spec.Longest = 30
		},
		"refused written into JPEG": func(j *Job) {
			j.Picture.Original = ordered(t, m, []byte("nothing"), Spec{}).Picture.Original
			j.Spec.Metadata.Trim = true
		},
	} {
		j := ordered(t, m, data, Spec{})
		change(&j)
		ctx, cancel := context.WithCancel(t.Context())
		kind, word, _ := strings.Cut(want, " ")
		if word == "in time" {
			cancel()
		}
		_, err := m.Make(ctx, j)
		cancel()
		if e, ok := errors.AsType[*send.Error](err); !ok || string(e.Kind) != kind || !strings.Contains(e.Message, word) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The hostile files are made, or refused in words.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	m.Limits = rendition.Limits{}
	for _, path := range testdata.Glob(t, "bad/i-*") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []Spec{{Longest: 300, Watermark: &Watermark{Text: "©", Place: "tiled"}}, {Metadata: Metadata{Trim: true}}} {
			j := ordered(t, m, data, s)
			p, err := m.Make(t.Context(), j)
			if err != nil {
				if kind := send.KindOf(err); kind != send.Refused {
					t.Errorf("%s: %s: %v", filepath.Base(path), kind, err)
				}
				continue
			}
			if got := opened(t, p); int64(len(got)) != p.Size {
				t.Errorf("%s: %d bytes of %d", filepath.Base(path), len(got), p.Size)
			}
		}
	}
}

// Many who want the same get one file, drawn once; another look is another file.
func TestOneRenditionForMany(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	data := photo(t, "photos/orient-portrait-6.jpg")
	var all sync.WaitGroup
	for i := range 20 {
		j := ordered(t, m, data, Spec{Longest: 400, Name: "{id}-{subscriber}", Metadata: Metadata{Set: Set{Credit: fmt.Sprint("for ", i)}}})
		j.Subscriber = fmt.Sprint("s", i)
		all.Go(func() {
			p, err := m.Make(t.Context(), j)
			if err != nil {
				t.Error(err)
				return
			}
			if r, err := metadata.Read(opened(t, p)); err != nil || r.Credit != j.Spec.Metadata.Set.Credit {
				t.Errorf("%q, %v", r.Credit, err)
			}
		})
	}
	all.Wait()
	if n := len(cached(t, m)); n != 1 {
		t.Errorf("%d files", n)
	}
	brought(t, m, ordered(t, m, data, Spec{Longest: 400, Quality: 60}))
	if n := len(cached(t, m)); n != 2 {
		t.Errorf("%d files of two looks", n)
	}
}

func cached(t testing.TB, m *Maker) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.Dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A swept file stays readable for whoever reads it, and is made again for who comes next.
func TestTheCacheIsSwept(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	data := photo(t, "photos/orient-portrait-6.jpg")
	var parcels []send.Parcel
	for _, longest := range []int{300, 310, 320} {
		p, _ := brought(t, m, ordered(t, m, data, Spec{Longest: longest}))
		parcels = append(parcels, p)
	}
	reading, err := parcels[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if n, err := m.Sweep(t.Context(), 1<<30, time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	files := cached(t, m)
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(files[1], old, old); err != nil {
		t.Fatal(err)
	}
	if n, err := m.Sweep(t.Context(), 1<<30, time.Now().Add(-time.Hour)); n != 1 || err != nil || len(cached(t, m)) != 2 {
		t.Errorf("%d removed, %v", n, err)
	}
	if n, err := m.Sweep(t.Context(), 0, time.Time{}); n != 2 || err != nil || len(cached(t, m)) != 0 {
		t.Errorf("%d removed, %v", n, err)
	}
	if got, err := io.ReadAll(reading); err != nil || int64(len(got)) != parcels[0].Size {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got := opened(t, parcels[0]); int64(len(got)) != parcels[0].Size {
		t.Errorf("made again: %d bytes of %d", len(got), parcels[0].Size)
	}
}

func TestNamesAreReserved(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	at := func(subscriber, id, template string, version int) string {
		j := job()
		j.Picture.ID, j.Subscriber, j.Version, j.Spec.Name = picture.ID(id), subscriber, version, template
		name, err := m.reserve(t.Context(), j, j.Record, ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	for i, c := range []struct {
		subscriber, id, template string
		version                  int
		want                     string
	}{
		{"a", "1", "{city}", 1, "Cuxhaven"}, {"a", "2", "{city}", 1, "Cuxhaven-2"}, {"a", "3", "{city}", 1, "Cuxhaven-3"}, {"b", "2", "{city}", 1, "Cuxhaven"},
		{"a", "2", "{city}", 2, "Cuxhaven-2"}, {"a", "4", "CUXHAVEN-4", 1, "CUXHAVEN-4"}, {"a", "5", "{city}", 1, "Cuxhaven-5"},
		{"a", "1", "{city} v{version}", 1, "Cuxhaven v1"}, {"a", "1", "{city} v{version}", 2, "Cuxhaven v2"}, {"a", "1", "{city} v{version}", 1, "Cuxhaven v1"},
		{"a", "1", "{kind}", 1, "update"},
		{"a", "0190a4d2-7a1c-7000-8000-000000000001", "", 1, "0190a4d2-7a1c-7000-8000-000000000001"}, {"a", "0190a4d2-7a1c-7000-8000-000000000001", "x/{id}.jpg", 3, "x/0190a4d2-7a1c-7000-8000-000000000001"},
		{"a", "6", "0190A4d2-7a1c-7000-8000-000000000001 {version}", 1, "0190A4d2-7a1c-7000-8000-000000000001 1-2"},
	} {
		if got := at(c.subscriber, c.id, c.template, c.version); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

func TestNamesAreReservedOnceByMany(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	names := make([]string, 40)
	var all sync.WaitGroup
	for i := range names {
		all.Go(func() {
			j := job()
			j.Picture.ID, j.Spec.Name = picture.ID(fmt.Sprint(i%20)), "same"
			name, err := m.reserve(t.Context(), j, j.Record, ".jpg")
			if err != nil {
				t.Error(err)
			}
			names[i] = name
		})
	}
	all.Wait()
	seen := map[string]int{}
	for i, n := range names {
		seen[n]++
		if n != names[(i+20)%40] {
			t.Errorf("one picture is %s and %s", n, names[(i+20)%40])
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d names for 20 pictures: %v", len(seen), seen)
	}
}

func TestAPreviewReservesNothing(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	j := ordered(t, m, photo(t, "photos/orient-portrait-6.jpg"), Spec{Longest: 200, Name: "x", Sidecar: "xmp"})
	for range 2 {
		p, err := m.Preview(t.Context(), j)
		if err != nil || p.Name != "x.jpg" || p.Sidecar != "x.xmp" || p.Height != 200 || p.Untouched {
			t.Errorf("%+v, %v", p, err)
		}
	}
	other := j
	other.Picture.ID = "other"
	if p, _ := brought(t, m, other); p.Name != "x.jpg" || p.Sidecar.Name != "x.xmp" {
		t.Error(p.Name)
	}
	if p, err := m.Preview(t.Context(), j); err != nil || p.Name != "x-2.jpg" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A watermark can be read on black and on white: the picture is both lighter and darker
// there than it was.
func TestWatermarks(t *testing.T) {
	t.Parallel()
	logo := image.NewNRGBA(image.Rect(0, 0, 60, 20))
	for i := range 60 * 20 {
		logo.Set(i%60, i/60, color.NRGBA{R: 255, A: uint8(i % 60 * 4)})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, logo); err != nil {
		t.Fatal(err)
	}
	m := newMaker(t)
	key, err := m.KeepMark(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []Watermark{{Text: "© Nordlicht Ж"}, {Image: key}} {
		for _, place := range append(Places(), "") {
			mark.Place, mark.Opacity = place, 100
			for _, s := range []image.Point{{400, 300}, {301, 33}, {16, 16}, {1, 1}} {
				for _, ground := range []uint8{0, 255} {
					data := plain(t, s, ground)
					_, got := brought(t, m, ordered(t, m, data, Spec{Watermark: &mark, Quality: 100}))
					if size(t, got) != s {
						t.Errorf("%v became %v", s, size(t, got))
					}
					if s.X == 400 && changed(t, data, got) < 100 {
						t.Errorf("%+v on %d: %d pixels differ", mark, ground, changed(t, data, got))
					}
				}
			}
		}
	}
	for code, data := range map[string][]byte{"bad_mark": photo(t, "photos/go-gray.jpeg"), "mark_too_large": make([]byte, 1<<20+1)} {
		if _, err := m.KeepMark(t.Context(), data); !fault.Has(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := m.KeepMark(t.Context(), photo(t, "bad/i-bomb-30000x30000-1bit.png")); !fault.Has(err, "mark_too_large") {
		t.Error(err)
	}
}

func plain(t testing.TB, s image.Point, grey uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rectangle{Max: s})
	for i := range img.Pix {
		img.Pix[i] = grey
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// changed counts the pixels whose brightness is far from what it was.
func changed(t testing.TB, a, b []byte) (n int) {
	t.Helper()
	x, y := decoded(t, a), decoded(t, b)
	for i := range x.Bounds().Dx() * x.Bounds().Dy() {
		at := image.Pt(i%x.Bounds().Dx(), i/x.Bounds().Dx())
		p, q := color.GrayModel.Convert(x.At(at.X, at.Y)).(color.Gray).Y, color.GrayModel.Convert(y.At(at.X, at.Y)).(color.Gray).Y
		if max(p, q)-min(p, q) > 40 {
			n++
		}
	}
	return n
}

func TestOrdersAreChecked(t *testing.T) {
	t.Parallel()
	for raw, word := range map[string]string{
		`{"longest":5}`: "longest", `{"width":300}`: "width", `{"width":300,"height":300,"longest":300}`: "longest", `{"quality":101}`: "quality", `{"max_bytes":1}`: "max_bytes",
		`{"size":3}`: "size", `{"longest":"x"}`: "longest", `[]`: "order", `{} {}`: "more than one", `{"sidecar":"pdf"}`: "sidecar", `{"name":"{nope}"}`: "{nope}",
		`{"watermark":{}}`: "watermark", `{"watermark":{"text":"漢"}}`: "漢", `{"watermark":{"text":"x","place":"middle"}}`: "bottom-right tiled", `{"watermark":{"text":"x","opacity":0.5}}`: "opacity must be a whole number", `{"%d":1}`: "%d is not known", `{"watermark":{"image":"../x"}}`: "image",
		`{"watermark":{"text":"x","size":1}}`: "size", `{"watermark":{"text":"x","opacity":1}}`: "opacity", `{"metadata":{"set":{"credit":"` + strings.Repeat("x", 2001) + `"}}}`: "credit",
	} {
		if _, err := ParseSpec(json.RawMessage(raw)); !fault.Has(err, "bad_made") || !strings.Contains(fault.Of(err).Message, word) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{``, `{}`, `null`, `{"width":300,"height":200,"quality":70,"max_bytes":200000,"watermark":{"text":"© Ж","place":"tiled","size":10,"opacity":30},
		"metadata":{"trim":true,"set":{"credit":"x","usage_terms":"y","copyright":"z","instructions":"w"}},"name":"{date}/{id}-{slug}.jpg","sidecar":"xmp"}`} {
		s, err := ParseSpec(json.RawMessage(raw))
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseSpec(text); err != nil || fmt.Sprint(again.Metadata, again.Name, again.Width) != fmt.Sprint(s.Metadata, s.Name, s.Width) {
			t.Errorf("%s comes back as %+v, %v", text, again, err)
		}
	}
}

// What a watermark is said to cost is no less than what is allocated for it. It runs
// alone, because it counts all allocations.
func TestWatermarksCostWhatIsSaid(t *testing.T) {
	logo := image.NewNRGBA(image.Rect(0, 0, 900, 700))
	for _, c := range []struct {
		w, h int
		mark Watermark
		img  image.Image
	}{
		{6000, 4000, Watermark{Text: "© Nordlicht", Size: 100}, nil}, {8000, 6000, Watermark{Text: "i", Size: 100}, nil}, {400, 300, Watermark{Text: strings.Repeat("long ", 20), Size: 25}, nil},
		{6000, 4000, Watermark{Size: 100}, logo}, {300, 200, Watermark{Size: 25}, logo},
	} {
		c.mark.Place, c.mark.Opacity = "centre", 50
		s, err := c.mark.shape(c.w, c.h, c.img)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		layer, _, err := c.mark.layer(c.w, c.h, c.img)
		runtime.ReadMemStats(&after)
		if took := int64(after.TotalAlloc - before.TotalAlloc); err != nil || took > s.cost(c.img) {
			t.Errorf("%+v on %d×%d costs %d bytes, and %d were allocated for %v (%v)", c.mark, c.w, c.h, s.cost(c.img), took, layer.Rect, err)
		}
		if size := layer.Rect.Size(); size.X > c.w || size.Y > c.h {
			t.Errorf("%v on %d×%d", size, c.w, c.h)
		}
	}
}
