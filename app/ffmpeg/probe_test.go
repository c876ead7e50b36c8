package ffmpeg

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"

	"oneframe/app/fault"
	"oneframe/app/testdata"
)

func TestWhatAContainerSaysOfItself(t *testing.T) {
	t.Parallel()
	tool := find(t)
	tests := map[string]struct {
		format  string
		seconds float64
		video   Stream
		sounds  int
	}{
		"his-girl-friday-6s.mp4": {"mov", 6.2, Stream{Index: 1, Codec: "h264", Width: 640, Height: 480, Rate: Ratio{30, 1}}, 1},
		"iphone-gps-rot90.mov":   {"mov", 4, Stream{Index: 1, Codec: "h264", Width: 568, Height: 320, Rotation: -90, Rate: Ratio{72000, 2401}}, 1},
		"chrome-mediarecorder-no-duration.webm": {"matroska", 0,
			Stream{Index: 0, Codec: "vp9", Width: 1280, Height: 720, Rate: Ratio{15000, 1001}}, 1},
		"odd-dimensions-161x121-vp9.webm": {"matroska", 1, Stream{Index: 0, Codec: "vp9", Width: 161, Height: 121, Rate: Ratio{2997, 100}}, 0},
		"old-camera-mjpeg.avi":            {"avi", 2.7, Stream{Index: 0, Codec: "mjpeg", Width: 320, Height: 240, Rate: Ratio{15, 1}}, 1},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, err := tool.Probe(t.Context(), testdata.Path(t, "video/"+name), ProbeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(info.Format, want.format) {
				t.Errorf("format %q, want %s", info.Format, want.format)
			}
			if d := info.Duration.Seconds() - want.seconds; d < -0.1 || d > 0.1 {
				t.Errorf("duration %v, want %v s", info.Duration, want.seconds)
			}
			sounds := 0
			for _, s := range info.Streams {
				if s.Type == "audio" {
					sounds++
				}
				if s.Type == "video" {
					got := Stream{Index: s.Index, Codec: s.Codec, Width: s.Width, Height: s.Height, Rotation: s.Rotation, Rate: s.Rate}
					if got != want.video {
						t.Errorf("video stream %+v, want %+v", got, want.video)
					}
				}
			}
			if sounds != want.sounds {
				t.Errorf("%d sounds, want %d", sounds, want.sounds)
			}
		})
	}
}

func TestWhatIsNoVideoIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	tool := find(t)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("To be or not to be. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, code := range map[string]string{
		testdata.Path(t, "bad/v-zero-bytes.mp4"):         "empty_video",
		testdata.Path(t, "bad/v-truncated-no-moov.mp4"):  incomplete,
		testdata.Path(t, "bad/v-malformed-free-box.mp4"): incomplete,
		testdata.Path(t, "bad/v-fuzz-mp4-0f653c4f.mp4"):  unreadable,
		testdata.Path(t, "bad/i-truncated-10000.jpg"):    unreadable,
		filepath.Join(dir, "none.mp4"):                   unreadable,
		text:                                             unreadable,
		dir:                                              unreadable,
	} {
		_, err := tool.Probe(t.Context(), file, ProbeOptions{})
		if !fault.Is(err, fault.Invalid) || !fault.Has(err, code) {
			t.Errorf("%s: %v, want Invalid %s", filepath.Base(file), err, code)
		}
	}
	for _, file := range []string{"bad/v-invalid-bitstream-vp9.webm", "bad/v-vvc-unsupported.mp4"} {
		if _, err := tool.FirstFrame(t.Context(), testdata.Path(t, file), 0); !fault.Has(err, "broken_video") {
			t.Errorf("%s: first frame %v, want broken_video", file, err)
		}
	}
}

// Every script that makes a demuxer open something else names a file that is there and a
// port that is listened on, and neither may be touched.
func TestAScriptNamedVideoOpensNothing(t *testing.T) {
	t.Parallel()
	tool := find(t)
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	touched := make(chan struct{})
	go func() {
		if c, err := port.Accept(); err == nil {
			_ = c.Close()
			close(touched)
		}
	}()
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary.mp4")
	if _, err := tool.Run(t.Context(), Job{Graph: picture("s=64x64:d=1").Output(canary)}); err != nil {
		t.Fatal(err)
	}
	web := "http://" + port.Addr().String() + "/x.mp4"
	for kind, script := range map[string]string{
		"hls":            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n",
		"concat":         "ffconcat version 1.0\nfile '%s'\n",
		"dash":           `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet><Representation id="1" bandwidth="1"><BaseURL>%s</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"smooth/ism":     `<SmoothStreamingMedia MajorVersion="2"><StreamIndex Url="%s"/></SmoothStreamingMedia>`,
		"sdp":            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=%s\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
		"imf":            `<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>%s</Id></CompositionPlaylist>`,
		"webvtt/subs":    "WEBVTT\n\n00:00.000 --> 00:01.000\n%s\n",
		"image sequence": "%s",
	} {
		for _, target := range []string{canary, "file:" + canary, web, "subfile,,start,0,end,0,,:" + canary} {
			file := filepath.Join(dir, "script.mp4")
			if err := os.WriteFile(file, fmt.Appendf(nil, script, target), 0o600); err != nil {
				t.Fatal(err)
			}
			if info, err := tool.Probe(t.Context(), file, ProbeOptions{}); err == nil {
				t.Errorf("%s of %s: was read as %+v", kind, target, info)
			}
			res, err := tool.Run(t.Context(), Job{Graph: null(Stranger(file)), Limit: 20 * time.Second})
			if err == nil || res.Frames != 0 {
				t.Errorf("%s of %s: %d frames came out, error %v", kind, target, res.Frames, err)
			}
		}
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-touched:
		t.Error("the port was connected to")
	default:
	}
}

func TestPacketsTellWhereAFileEnds(t *testing.T) {
	t.Parallel()
	tool := find(t)
	for file, want := range map[string]Packets{
		"video/phone-vfr-rot180.mp4":                  {Count: 25, End: 2380 * time.Millisecond},
		"video/old-camera-mjpeg.avi":                  {Count: 41, End: 2733 * time.Millisecond},
		"video/chrome-mediarecorder-no-duration.webm": {Count: 74, End: 4938 * time.Millisecond},
		"bad/v-truncated-after-moov.mp4":              {Count: 86, End: 3708 * time.Millisecond, CutOff: true},
		"bad/v-bogus-duration-143165s.mp4":            {Count: 30, First: 67 * time.Millisecond, End: 1068 * time.Millisecond},
	} {
		p, err := tool.Packets(t.Context(), testdata.Path(t, file), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.First, p.End = p.First.Round(time.Millisecond), p.End.Round(time.Millisecond)
		if p != want {
			t.Errorf("%s: %+v, want %+v", file, p, want)
		}
	}
}

func TestTheFirstFrameTellsWhatTheHeaderDoesNot(t *testing.T) {
	t.Parallel()
	tool := find(t)
	f, err := tool.FirstFrame(t.Context(), testdata.Path(t, "video/tears-of-steel-battle-70s-vp8.webm"), 0)
	want := Frame{Width: 800, Height: 332, SAR: Ratio{399, 400}, PixFmt: "yuv420p", Range: "tv", Space: "bt470bg"}
	if err != nil || f != want {
		t.Errorf("%+v, %v; want %+v", f, err, want)
	}
	f, err = tool.FirstFrame(t.Context(), testdata.Path(t, "video/hdr10-pq-1080p-vfr.mp4"), 0)
	if err != nil || f.Transfer != "smpte2084" || f.PixFmt != "yuv420p10le" {
		t.Errorf("%+v, %v; want PQ in 10 bits", f, err)
	}
}

func TestACancelledLookIsNoRefusal(t *testing.T) {
	t.Parallel()
	tool := find(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tool.Probe(ctx, testdata.Path(t, "video/flower-5s.mp4"), ProbeOptions{})
	if err == nil || fault.Is(err, fault.Invalid) {
		t.Errorf("error %v, want the cancellation", err)
	}
}

func TestOldVersionsAreKnown(t *testing.T) {
	t.Parallel()
	for version, old := range map[string]bool{
		"ffmpeg version 5.1.9-0+deb12u1 Copyright": false, "ffmpeg version 4.4.2-0ubuntu0.22.04.1": true,
		"ffmpeg version n7.1": false, "ffmpeg version 5.0.3": true, "ffmpeg version N-112233-gabcdef": false,
	} {
		if tooOld(version) != old {
			t.Errorf("%s: old is %v", version, !old)
		}
	}
	if got := lacking(" V..... libx264  H.264\n A..... aac AAC\n", "libx264", "aac", "zscale"); len(got) != 1 || got[0] != "zscale" {
		t.Errorf("lacking %v, want zscale", got)
	}
}

func TestWhatIsMissingIsNamedWithWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find()
	if !fault.Has(err, "no_ffmpeg") || !strings.Contains(fault.Of(err).Message, "apt-get install ffmpeg") {
		t.Errorf("error %v, want what to install", err)
	}
}

func TestPathsAreNeverProtocols(t *testing.T) {
	t.Parallel()
	tool := find(t)
	dir := t.TempDir()
	for _, name := range []string{"concat:a|b.mp4", "-y.mp4", "a %d b.mp4", "ü [1];'x'.mp4"} {
		file := filepath.Join(dir, name)
		if _, err := tool.Run(t.Context(), Job{Graph: picture("s=64x64:d=1").Output(URL(file), ffmpeg_go.KwArgs{"c:v": "libx264"})}); err != nil {
			t.Fatalf("%s: written: %v", name, err)
		}
		if info, err := tool.Probe(t.Context(), file, ProbeOptions{}); err != nil || len(info.Streams) != 1 {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
}
