package source

import (
	"fmt"
	"testing"
)

// What people have and the collection of real videos lacks, made with ffmpeg itself.
func TestOddVideosAreImported(t *testing.T) {
	t.Parallel()
	const (
		picture = "-f lavfi -i testsrc2=s=320x240:r=25:d=2 "
		sound   = "-f lavfi -i sine=d=2 "
		hd      = "-vf scale=out_color_matrix=bt709,setparams=colorspace=bt709 "
		h264    = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "
	)
	for name, c := range map[string]struct {
		file, args string
		want       what
	}{
		"4K":                 {"a.mp4", "-f lavfi -i testsrc2=s=3840x2160:r=25:d=1 " + hd + h264, what{1920, 1080, "25", 25, false}},
		"4K upright":         {"a.mp4", "-f lavfi -i testsrc2=s=2160x3840:r=25:d=0.4 " + hd + h264, what{1080, 1920, "25", 10, false}},
		"very wide":          {"a.mp4", "-f lavfi -i testsrc2=s=3000x300:r=25:d=0.4 " + h264, what{1920, 192, "25", 10, false}},
		"fragmented":         {"a.mp4", picture + sound + h264 + "-movflags frag_keyframe+empty_moov -g 10", what{320, 240, "25", 51, true}},
		"no duration":        {"a.webm", picture + sound + "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus -f webm -live 1", what{320, 240, "25", 50, true}},
		"odd sides":          {"a.avi", "-f lavfi -i testsrc2=s=321x243:r=25:d=1 -c:v mjpeg -pix_fmt yuvj444p", what{320, 242, "25", 25, false}},
		"long pixels":        {"a.mp4", "-f lavfi -i testsrc2=s=720x576:r=25:d=0.4 -vf setsar=16/11 " + h264, what{1048, 576, "25", 10, false}},
		"tall pixels":        {"a.mp4", "-f lavfi -i testsrc2=s=720x480:r=25:d=0.4 -vf setsar=8/9 " + h264, what{720, 540, "25", 10, false}},
		"interlaced":         {"a.ts", "-f lavfi -i testsrc2=s=720x576:r=50:d=1 " + sound + "-vf interlace -c:v mpeg2video -flags +ildct+ilme -b:v 6M -c:a mp2 -t 1", what{720, 576, "25", 25, true}},
		"red, green, blue":   {"a.mkv", picture + "-c:v ffv1 -pix_fmt bgr0", what{320, 240, "25", 50, false}},
		"gray":               {"a.avi", picture + "-c:v ffv1 -pix_fmt gray", what{320, 240, "25", 50, false}},
		"transparent":        {"a.mov", picture + "-c:v png -pix_fmt rgba", what{320, 240, "25", 50, false}},
		"ten bits":           {"a.mp4", picture + "-c:v libx264 -preset ultrafast -pix_fmt yuv422p10le", what{320, 240, "25", 50, false}},
		"six channels":       {"a.mkv", picture + "-f lavfi -i sine=d=2,pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0 " + h264 + "-c:a ac3", what{320, 240, "25", 50, true}},
		"two sounds":         {"a.mp4", picture + sound + sound + "-map 0 -map 1 -map 2 " + h264, what{320, 240, "25", 50, true}},
		"a longer sound":     {"a.mp4", picture + "-f lavfi -i sine=d=9 " + h264, what{320, 240, "25", 50, true}},
		"a shorter sound":    {"a.mp4", picture + "-f lavfi -i sine=d=0.5 " + h264, what{320, 240, "25", 50, true}},
		"one frame a second": {"a.mp4", "-f lavfi -i testsrc2=s=320x240:r=1:d=4 " + h264, what{320, 240, "24", 96, false}},
		"120 a second":       {"a.mp4", "-f lavfi -i testsrc2=s=320x240:r=120:d=1 " + h264, what{320, 240, "30", 30, false}},
		"film":               {"a.mp4", "-f lavfi -i testsrc2=s=320x240:r=24000/1001:d=4 " + h264, what{320, 240, "24000/1001", 96, false}},
		"an old film":        {"a.wmv", picture + sound + "-c:v wmv2 -c:a wmav2", what{320, 240, "25", 51, true}},
		"ogg":                {"a.ogv", picture + sound + "-c:v libtheora -c:a libvorbis", what{320, 240, "25", 50, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im := newImporter(t)
			file := made(t, c.file, c.args)
			v := imported(t, im, file)
			got := what{v.Width, v.Height, v.FPS.String(), v.Frames, v.Sound}
			if got != c.want {
				t.Errorf("imported as %+v, want %+v", got, c.want)
			}
			checkVideo(t, im, v)
			if d := apart(seen(t, im.Library.Mezzanine("clip"), 2, 48, 36), seenBy(t, file, fmt.Sprintf("fps=%s:start_time=0,select=gte(n\\,2),", v.FPS), 48, 36)); d > 5 {
				t.Errorf("its picture differs from the source's by %.1f levels", d)
			}
		})
	}
}

// A call that is recorded changes its size when the line gets better: the picture is
// scaled to the size that it began with.
func TestAVideoThatChangesItsSizeIsImported(t *testing.T) {
	t.Parallel()
	const coding = ":r=25:d=1 -c:v libvpx -deadline realtime -cpu-used 8 -g 5"
	small := made(t, "a.ivf", "-f lavfi -i testsrc2=s=320x180"+coding)
	large := made(t, "b.ivf", "-f lavfi -i testsrc2=s=640x360"+coding)
	file := made(t, "c.webm", "-i concat:"+small+"|"+large+" -c copy")
	im := newImporter(t)
	v := imported(t, im, file)
	if v.Width != 320 || v.Height != 180 || v.Frames < 25 {
		t.Errorf("imported as %+v", v)
	}
	checkVideo(t, im, v)
}

// HDR is shown as bright as the picture that it was made of.
func TestHDRIsToneMapped(t *testing.T) {
	t.Parallel()
	const picture = "-f lavfi -i testsrc2=s=320x240:r=25:d=0.4 "
	for name, transfer := range map[string]string{"HLG": "arib-std-b67", "PQ": "smpte2084"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := made(t, "hdr.mp4", picture+
				"-vf format=gbrp,setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc,zscale=t=linear:npl=203,format=gbrpf32le,"+
				"zscale=p=2020:npl=203,zscale=t="+transfer+":m=2020_ncl:r=limited:npl=203,format=yuv420p10le "+
				"-c:v libx265 -preset ultrafast -x265-params log-level=error:colorprim=bt2020:transfer="+transfer+":colormatrix=bt2020nc")
			im := newImporter(t)
			v := imported(t, im, file)
			checkVideo(t, im, v)
			plain := made(t, "sdr.mp4", picture+"-c:v libx264 -pix_fmt yuv420p")
			if d := apart(seen(t, im.Library.Mezzanine("clip"), 3, 48, 36), seen(t, plain, 3, 48, 36)); d > 20 {
				t.Errorf("it is %.1f levels away from the picture that it was made of", d)
			}
		})
	}
}
