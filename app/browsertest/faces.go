package browsertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app/testdata"
)

// Faces makes a film of real people before a webcam, one a second, 1280×720, and gives
// its path, for Options.Camera. The names are those of files in the test data's faces
// folder; none means a few that are always there.
func Faces(t testing.TB, names ...string) string {
	t.Helper()
	if len(names) == 0 {
		names = []string{"webcam-again-0.jpg", "webcam-bird-0.jpg", "webcam-again-4.jpg"}
	}
	dir := t.TempDir()
	var list strings.Builder
	for _, name := range names {
		list.WriteString("file '" + testdata.Path(t, "faces/"+name) + "'\nduration 1\n")
	}
	index, film := filepath.Join(dir, "faces.txt"), filepath.Join(dir, "camera.mjpeg")
	if err := os.WriteFile(index, []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", index,
		"-vf", "scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,fps=10",
		"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "mjpeg", film).CombinedOutput()
	if err != nil {
		t.Fatalf("the camera's film can't be made: %v: %s", err, out)
	}
	return film
}

// Corners makes a film of one picture whose halves are told apart by colour, red on
// the left and green on the right, so that a test sees whether it was mirrored.
func Corners(t testing.TB) string {
	t.Helper()
	film := filepath.Join(t.TempDir(), "camera.mjpeg")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=640x720:r=10:d=2",
		"-f", "lavfi", "-i", "color=lime:s=640x720:r=10:d=2", "-filter_complex", "hstack",
		"-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "mjpeg", film).CombinedOutput()
	if err != nil {
		t.Fatalf("the camera's film can't be made: %v: %s", err, out)
	}
	return film
}
