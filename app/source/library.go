package source

import (
	"fmt"
	"path/filepath"
)

// Library is the folder in which every video has one of its own, named by its slug. It
// tells paths; whether there is something is for the caller to find out.
type Library struct{ Dir string }

// Folder holds all of a video's files.
func (l Library) Folder(slug string) string { return filepath.Join(l.Dir, slug) }

// Mezzanine is the normalised picture without sound: H.264, 8 bits, 4:2:0, BT.709 in
// limited range, square pixels, a constant rate, a key frame every 12 frames, no B-frames.
func (l Library) Mezzanine(slug string) string { return filepath.Join(l.Folder(slug), mezzanineName) }

// Sound is the sound as AAC, in step with the mezzanine from its first frame to its last
// at the longest; it is absent where the video has none.
func (l Library) Sound(slug string) string { return filepath.Join(l.Folder(slug), soundName) }

// Poster is one telling frame, as wide as the mezzanine, as a JPEG.
func (l Library) Poster(slug string) string { return filepath.Join(l.Folder(slug), posterName) }

// Pose is the reference picture of a slot: its first frame, a JPEG at most 960 wide.
func (l Library) Pose(slug string, number int) string { return posePath(l.Folder(slug), number) }

// Renders is the folder for what the clip room makes of the video.
func (l Library) Renders(slug string) string { return filepath.Join(l.Folder(slug), "renders") }

const (
	mezzanineName = "mezzanine.mp4"
	soundName     = "sound.m4a"
	posterName    = "poster.jpg"
	rawName       = "raw" // a source that we made ourselves, while it is imported
	posesName     = "poses"
	poseName      = "%06d.jpg"
	poseWidth     = 960
)

func posePath(folder string, number int) string {
	return filepath.Join(folder, posesName, fmt.Sprintf(poseName, number))
}
