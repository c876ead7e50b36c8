package source

import (
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// what is expected of an import.
type what struct {
	width, height int
	fps           string
	frames        int
	sound         bool
}

// real are the videos that people have, with what players show of them: the frames are
// the duration that ffprobe tells, at the chosen rate.
func real() map[string]what {
	return map[string]what{
		"518x488-fullrange.mp4":                 {518, 488, "30000/1001", 166, true},
		"asl-5-people-guitar-640x480.mp4":       {640, 480, "30", 1290, true},
		"asl-walk-webcam-noaudio.mkv":           {640, 480, "30", 89, false},
		"av1-hdr10-portrait.mp4":                {720, 1280, "30000/1001", 127, true},
		"big-buck-bunny-30s-720p.webm":          {1280, 720, "24", 720, true},
		"camera-pcm-1080p50.mov":                {1920, 1080, "25", 50, true},
		"chrome-mediarecorder-no-duration.webm": {1280, 720, "30000/1001", 148, true},
		"flower-5s.mp4":                         {960, 540, "30000/1001", 150, true},
		"hdr10-pq-1080p-vfr.mp4":                {1920, 1080, "30", 31, true},
		"his-girl-friday-6s.mp4":                {640, 480, "30", 185, true},
		"his-girl-friday-rot90.mp4":             {480, 640, "30", 185, true},
		"iphone-dolbyvision-rot90.MOV":          {720, 1280, "30", 4, true},
		"iphone-gps-rot90.mov":                  {320, 568, "30000/1001", 120, true},
		"long-6min-180p-av1.mp4":                {320, 180, "30", 10883, true},
		"odd-dimensions-161x121-vp9.webm":       {160, 120, "30000/1001", 30, false},
		"old-camera-mjpeg.avi":                  {320, 240, "30", 82, true},
		"old-phone-amr.3gp":                     {176, 144, "30", 148, true},
		"one-by-one-person-139s-noaudio.mp4":    {768, 432, "30", 4182, false},
		"phone-vfr-rot180.mp4":                  {1280, 720, "30", 71, true},
		"rotate-and-reflect.mp4":                {720, 1080, "30000/1001", 30, true},
		"tears-of-steel-battle-70s-vp8.webm":    {800, 332, "24", 1691, true},
		"this-week-nasa-10s.mp4":                {480, 270, "25", 255, true},
		"vp9-10bit-profile2.webm":               {426, 240, "24000/1001", 72, false},
	}
}

func TestWhatPeopleHaveIsImported(t *testing.T) {
	t.Parallel()
	table := real()
	for _, file := range testdata.Glob(t, "video/*") {
		want, known := table[filepath.Base(file)]
		if !known {
			t.Errorf("nothing is said of %s", file)
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			im := newImporter(t)
			v := imported(t, im, file)
			got := what{v.Width, v.Height, v.FPS.String(), v.Frames, v.Sound}
			if got != want {
				t.Errorf("imported as %+v, want %+v", got, want)
			}
			checkVideo(t, im, v)
		})
	}
}

// imported imports a file and leaves the result for the test to look at.
func imported(t *testing.T, im *Importer, file string) Video {
	t.Helper()
	last := -1.0
	v, err := im.Import(t.Context(), Request{File: file, Slug: "clip", Title: "A clip"}, func(share float64) {
		if share < last || share > 1 {
			t.Errorf("progress goes from %v to %v", last, share)
		}
		last = share
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// checkVideo holds every file of an imported video against what its row says.
func checkVideo(t *testing.T, im *Importer, v Video) {
	t.Helper()
	mezzanine := im.Library.Mezzanine(v.Slug)
	checkCoding(t, mezzanine, v)
	checkKeys(t, mezzanine, v)
	checkSound(t, im.Library.Sound(v.Slug), v)
	checkSlots(t, im, v)
	checkJPEG(t, im.Library.Poster(v.Slug), v.Width, v.Height)
	if rest := left(t, im); len(rest) != 1 || rest[0] != v.Slug {
		t.Errorf("there lie %v, want the clip's folder only", rest)
	}
	if entries, err := os.ReadDir(im.Library.Folder(v.Slug)); err != nil || len(entries) != 4-number(!v.Sound) {
		t.Errorf("the clip's folder holds %v, %v", entries, err)
	}
}

// checkCoding decodes the mezzanine, counts what comes out, and holds it against its row.
func checkCoding(t *testing.T, mezzanine string, v Video) {
	t.Helper()
	got := asked(t, mezzanine, "v", "stream=codec_name,width,height,pix_fmt,sample_aspect_ratio,color_range,color_space,color_transfer,color_primaries,r_frame_rate,avg_frame_rate,start_pts,nb_read_frames,has_b_frames:stream_side_data=rotation:format=nb_streams:format_tags:stream_tags=location,rotate,creation_time", "-count_frames")
	rate := v.FPS.String()
	if v.FPS.Den == 1 {
		rate += "/1"
	}
	for key, want := range map[string]string{
		"codec_name": "h264", "width": strconv.Itoa(v.Width), "height": strconv.Itoa(v.Height), "pix_fmt": "yuv420p", "sample_aspect_ratio": "1:1",
		"color_range": "tv", "color_space": "bt709", "color_transfer": "bt709", "color_primaries": "bt709",
		"r_frame_rate": rate, "avg_frame_rate": rate, "start_pts": "0", "has_b_frames": "0", "nb_streams": "1", "rotation": "",
		"nb_read_frames": strconv.Itoa(v.Frames), // those that come out
	} {
		if got[key] != want {
			t.Errorf("the mezzanine's %s is %q, want %q", key, got[key], want)
		}
	}
	for key, value := range got {
		if strings.HasPrefix(key, "TAG:") && !strings.Contains("major_brand minor_version compatible_brands", strings.TrimPrefix(key, "TAG:")) {
			t.Errorf("the mezzanine tells %s=%s", key, value)
		}
	}
}

// checkKeys looks at the frames' times and at where one can begin to read.
func checkKeys(t *testing.T, mezzanine string, v Video) {
	t.Helper()
	tick := 0
	for i, p := range packets(t, mezzanine, "v") {
		if i == 1 {
			tick = p.pts
		}
		if p.pts != i*tick || p.dts != p.pts {
			t.Fatalf("frame %d is shown at %d and decoded at %d, want %d", i, p.pts, p.dts, i*tick)
		}
		if i%gop == 0 && !p.key {
			t.Errorf("frame %d is no key frame", i)
		}
	}
}

// checkSound sees that the sound begins with the picture and ends with it at the latest.
func checkSound(t *testing.T, sound string, v Video) {
	t.Helper()
	if !v.Sound {
		if _, err := os.Stat(sound); err == nil {
			t.Error("there is a sound file, and the row says there is none")
		}
		return
	}
	got := asked(t, sound, "a", "stream=codec_name,sample_rate,start_time,duration")
	if got["codec_name"] != "aac" || got["sample_rate"] != "48000" && got["sample_rate"] != "44100" {
		t.Errorf("the sound is %v", got)
	}
	start, _ := strconv.ParseFloat(got["start_time"], 64)
	length, _ := strconv.ParseFloat(got["duration"], 64)
	if frame := v.FPS.At(1).Seconds(); math.Abs(start) > 0.001 || length <= 0 || length > v.Duration().Seconds()+frame {
		t.Errorf("the sound lasts from %v s to %v s, the picture %v", start, start+length, v.Duration())
	}
}

func checkSlots(t *testing.T, im *Importer, v Video) {
	t.Helper()
	var all []slot.Slot
	err := im.DB.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = slot.List(tx, v.Slug); return err })
	if err != nil || len(all) != v.Slots || v.Slots != v.Frames/v.Hold {
		t.Fatalf("%d slots, %v; the row says %d, for %d frames", len(all), err, v.Slots, v.Frames)
	}
	poses, err := os.ReadDir(filepath.Join(im.Library.Folder(v.Slug), posesName))
	if err != nil || len(poses) != v.Slots {
		t.Errorf("%d reference pictures for %d slots, %v", len(poses), v.Slots, err)
	}
	for _, s := range all[len(all)-1:] {
		if s.Start != v.FPS.start(s.First) || s.First != (s.Number-1)*v.Hold {
			t.Errorf("slot %+v", s)
		}
		pose := im.Library.Pose(v.Slug, s.Number)
		size := poseSize(size{v.Width, v.Height})
		checkJPEG(t, pose, size.width, size.height)
		if d := apart(seenBy(t, pose, "", 48, 48), seenAt(t, im.Library.Mezzanine(v.Slug), s.Start.Seconds(), 48, 48)); d > 4 {
			t.Errorf("the reference picture of slot %d differs from its frame by %.1f levels", s.Number, d)
		}
	}
}

func checkJPEG(t *testing.T, file string, width, height int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil || img.Bounds().Dx() != width || img.Bounds().Dy() != height || width > boxLong {
		t.Errorf("%s is not a JPEG of %d×%d: %v", file, width, height, err)
	}
}

func TestPicturesStandTheRightWayUp(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]int{
		"his-girl-friday-rot90.mp4": 30, "phone-vfr-rot180.mp4": 0, "rotate-and-reflect.mp4": 15,
		"iphone-gps-rot90.mov": 30, "his-girl-friday-6s.mp4": 30,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			im := newImporter(t)
			file := testdata.Path(t, "video/"+name)
			v := imported(t, im, file)
			got := seen(t, im.Library.Mezzanine(v.Slug), frame, 64, 64)
			at := strconv.FormatFloat(v.FPS.At(frame).Seconds()+0.001, 'f', 6, 64)
			want := seenBy(t, file, "fps="+v.FPS.String()+":start_time=0,select=gte(t\\,"+at+"-0.002),", 64, 64) // turned by ffmpeg
			right := apart(got, want)
			if right > 5 {
				t.Errorf("it differs from the source's frame by %.1f levels", right)
			}
			for _, turned := range []string{"hflip,", "vflip,", "hflip,vflip,", "transpose=0,", "transpose=1,", "transpose=2,", "transpose=3,"} {
				other := seenBy(t, file, "fps="+v.FPS.String()+":start_time=0,select=gte(t\\,"+at+"-0.002),"+turned, 64, 64)
				if d := apart(got, other); d < 2*right || d < 6 {
					t.Errorf("it is no nearer to the source, %.1f levels, than to it after %s %.1f", right, turned, d)
				}
			}
		})
	}
}

func TestRangesAndHoldDecideTheSlots(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	ranges, err := ParseRanges("1-2,4-5.1")
	if err != nil {
		t.Fatal(err)
	}
	v, err := im.Import(t.Context(), Request{File: testdata.Path(t, "video/his-girl-friday-6s.mp4"), Slug: "friday", Title: "Friday", Ranges: ranges, Hold: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []slot.Slot
	if err := im.DB.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = slot.List(tx, "friday"); return err }); err != nil {
		t.Fatal(err)
	}
	if v.Frames != 185 || v.Hold != 4 || len(all) != 7+8 || all[6].First != 54 || all[7].First != 120 || all[14].First != 148 || all[7].Start != 4*time.Second {
		t.Errorf("%+v with the slots %+v", v, all)
	}
	for _, s := range all {
		if d := apart(seenBy(t, im.Library.Pose("friday", s.Number), "", 48, 48), seenAt(t, im.Library.Mezzanine("friday"), s.Start.Seconds(), 48, 48)); d > 3 {
			t.Errorf("the reference picture of slot %d differs from frame %d by %.1f levels", s.Number, s.First, d)
		}
	}
	if poses, err := os.ReadDir(filepath.Join(im.Library.Folder("friday"), posesName)); err != nil || len(poses) != 15 {
		t.Errorf("%d reference pictures, %v", len(poses), err)
	}
}

func TestAsManyRangesAsAreAllowedAreImported(t *testing.T) {
	t.Parallel()
	im := newImporter(t)
	var all []string
	for i := range rangesMax {
		all = append(all, fmt.Sprintf("%.2f-%.2f", 0.06*float64(i), 0.06*float64(i)+0.04))
	}
	ranges, err := ParseRanges(strings.Join(all, ","))
	if err != nil {
		t.Fatal(err)
	}
	v, err := im.Import(t.Context(), Request{File: testdata.Path(t, "video/his-girl-friday-6s.mp4"), Slug: "friday", Title: "Friday", Ranges: ranges, Hold: 1}, nil)
	if err != nil || v.Slots < rangesMax {
		t.Errorf("%d slots, %v", v.Slots, err)
	}
}
