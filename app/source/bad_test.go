package source

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// What no player would play is refused; what they play, however odd, is imported.
func TestBrokenVideos(t *testing.T) {
	t.Parallel()
	table := map[string]struct {
		code, says string
		frames     int
	}{
		"v-1x1-yuv444.mp4":             {code: "video_too_small", says: "it measures 1×1"},
		"v-audio-only.mp4":             {code: "no_video", says: "only sound"},
		"v-bogus-duration-143165s.mp4": {frames: 32},
		"v-empty-second-track.mp4":     {frames: 30},
		"v-fuzz-mp4-0f653c4f.mp4":      {code: "not_a_video", says: "damaged or of an unknown kind"},
		"v-hls-playlist-lfi.mp4":       {code: "not_a_video", says: "a playlist"},
		"v-invalid-bitstream-vp9.webm": {code: "broken_video", says: "Not a single picture"},
		"v-malformed-free-box.mp4":     {code: "incomplete_video", says: "index is missing or damaged"},
		"v-mdat-too-long.mp4":          {frames: 30},
		"v-truncated-after-moov.mp4":   {code: "video_cut_off", says: "ends after 3.7 seconds although it says it lasts 45 seconds"},
		"v-truncated-no-moov.mp4":      {code: "incomplete_video", says: "cut off while it was copied"},
		"v-vvc-unsupported.mp4":        {code: "unknown_coding", says: "please save it as H.264"},
		"v-zero-bytes.mp4":             {code: "empty_video", says: "The file is empty."},
	}
	for _, file := range testdata.Glob(t, "bad/v-*") {
		want, known := table[filepath.Base(file)]
		if !known {
			t.Errorf("nothing is said of %s", file)
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			im := newImporter(t)
			if want.code == "" {
				v := imported(t, im, file)
				if v.Frames != want.frames {
					t.Errorf("%d frames, want %d", v.Frames, want.frames)
				}
				checkVideo(t, im, v)
				return
			}
			refused(t, im, file, want.code, want.says)
		})
	}
}

// refused imports what must be refused, soon, with a code and a sentence, and without a trace.
func refused(t *testing.T, im *Importer, file, code, says string) {
	t.Helper()
	begun := time.Now()
	_, err := im.Import(t.Context(), Request{File: file, Slug: "clip", Title: "A clip"}, nil)
	if !fault.Is(err, fault.Invalid) || !fault.Has(err, code) || !strings.Contains(fault.Of(err).Message, says) {
		t.Errorf("error %v, want Invalid %s with %q", err, code, says)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
	var all []Import
	if err := im.DB.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = Imports(tx, 10); return err }); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].State != Refused || all[0].Code != code || !strings.Contains(all[0].Error, says) || all[0].Finished.IsZero() {
		t.Errorf("its row is %+v", all)
	}
}

// A file that lacks its end is known in every container that says how long it lasts.
func TestCutOffFilesAreRefused(t *testing.T) {
	t.Parallel()
	const picture = "-f lavfi -i testsrc2=s=320x240:r=25:d=20 -f lavfi -i sine=d=20 -pix_fmt yuv420p -g 25 "
	for name, args := range map[string]string{
		"a.mp4":  picture + "-c:v libx264 -preset ultrafast -movflags +faststart",
		"a.mkv":  picture + "-c:v libx264 -preset ultrafast",
		"a.webm": picture + "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus",
		"a.avi":  picture + "-c:v mpeg4 -c:a pcm_s16le",
		"a.mov":  picture + "-c:v libx264 -preset ultrafast -movflags +faststart -c:a pcm_s16le",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, err := os.ReadFile(made(t, name, args))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, whole[:len(whole)/2], 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, newImporter(t), file, "video_cut_off", "although it says it lasts 20 seconds")
		})
	}
}

func TestScriptsNamedVideoReadNothingElse(t *testing.T) {
	t.Parallel()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connected := make(chan struct{})
	go func() {
		if c, err := port.Accept(); err == nil {
			_ = c.Close()
			close(connected)
		}
	}()
	canary := testdata.Path(t, "video/flower-5s.mp4")
	for _, script := range []string{
		"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://" + canary + "\n#EXTINF:5,\nhttp://" + port.Addr().String() + "/a.mp4\n#EXT-X-ENDLIST\n",
		"ffconcat version 1.0\nfile '" + canary + "'\n",
	} {
		file := filepath.Join(t.TempDir(), "holiday.mp4")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, newImporter(t), file, "not_a_video", "a file of another kind")
	}
	_ = port.Close() // ends the listening
	select {
	case <-connected:
		t.Error("the port was connected to")
	default:
	}
}

func TestLimitsAreNamed(t *testing.T) {
	t.Parallel()
	long := testdata.Path(t, "video/asl-5-people-guitar-640x480.mp4")
	im := newImporter(t)
	im.MaxDuration = 30 * time.Second
	refused(t, im, long, "video_too_long", "lasts 43 seconds; at most 30 seconds are taken")

	refused(t, newImporter(t), made(t, "narrow.mp4", "-f lavfi -i testsrc2=s=2000x60:r=25:d=1 -pix_fmt yuv420p -c:v libx264"),
		"video_too_small", "each side needs 64 pixels")
	refused(t, newImporter(t), made(t, "one.mp4", "-f lavfi -i testsrc2=s=320x240:r=25:d=0.04 -pix_fmt yuv420p -c:v libx264"),
		"video_too_short", "it has 1 frames")
	cover := made(t, "cover.jpg", "-f lavfi -i testsrc2=s=320x240 -frames:v 1")
	refused(t, newImporter(t), made(t, "song.m4a", "-f lavfi -i sine=d=1 -i "+cover+" -c:v copy -disposition:v attached_pic -f mp4"),
		"no_video", "only sound")
}

func TestRequestsThatCantBeRight(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	file := testdata.Path(t, "video/flower-5s.mp4")
	far, err := ParseRanges("2-3,50-61")
	if err != nil {
		t.Fatal(err)
	}
	for code, r := range map[string]Request{
		"bad_slug":    {File: file, Slug: "A Clip", Title: "x"},
		"bad_title":   {File: file, Slug: "clip", Title: " "},
		"bad_hold":    {File: file, Slug: "clip", Title: "x", Hold: 1000},
		"bad_range":   {File: file, Slug: "clip", Title: "x", Ranges: far},
		"not_a_video": {File: filepath.Join(t.TempDir(), "none.mp4"), Slug: "clip", Title: "x"},
	} {
		if _, err := im.Import(t.Context(), r, nil); !fault.Is(err, fault.Invalid) || !fault.Has(err, code) {
			t.Errorf("%v, want Invalid %s", err, code)
		}
	}
	if rest := left(t, im); len(rest) > 0 {
		t.Errorf("there lie %v", rest)
	}
}

func TestASlugIsTakenOnce(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	file := testdata.Path(t, "video/vp9-10bit-profile2.webm")
	imported(t, im, file)
	before, err := os.ReadFile(im.Library.Mezzanine("clip"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Import(t.Context(), Request{File: file, Slug: "clip", Title: "x"}, nil); !fault.Is(err, fault.Conflict) || !fault.Has(err, "slug_taken") {
		t.Errorf("error %v, want Conflict slug_taken", err)
	}
	// A folder that belongs to nobody is left alone.
	stray := filepath.Join(im.Library.Folder("stray"), "renders", "old.mp4")
	if err := os.MkdirAll(filepath.Dir(stray), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stray, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := im.Import(t.Context(), Request{File: file, Slug: "stray", Title: "x"}, nil); !fault.Has(err, "folder_taken") {
		t.Errorf("error %v, want folder_taken", err)
	}
	if err := im.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stray); err != nil {
		t.Error("a folder of nobody's was taken away")
	}
	after, err := os.ReadFile(im.Library.Mezzanine("clip"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the clip that was there has changed: %v", err)
	}
	if rest := fmt.Sprint(left(t, im)); rest != "[clip stray]" {
		t.Errorf("there lie %v", rest)
	}
}
