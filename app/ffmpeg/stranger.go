package ffmpeg

import (
	"path/filepath"
	"strings"

	ffmpeg_go "github.com/u2takey/ffmpeg-go"
)

// formats are the containers that are read, by the names of ffmpeg's demuxers. Demuxers
// of playlists and scripts (hls, dash, concat, image2, …), which open other files, are
// not among them.
const formats = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,asf"

// maxPixels bounds the memory of decoding: a little above 8K, 7680×4320.
const maxPixels = "36000000"

// Stranger is an input file that somebody sent: only the file itself is read, only as
// one of the known containers, and pictures beyond 8K aren't decoded. The options are
// added to these; the path may be of any form, also one that looks like a protocol.
func Stranger(path string, options ...ffmpeg_go.KwArgs) *ffmpeg_go.Stream {
	narrow := ffmpeg_go.KwArgs{
		"protocol_whitelist": "file", "format_whitelist": formats, "max_pixels": maxPixels,
	}
	return ffmpeg_go.Input(URL(path), append(options, narrow)...)
}

// URL is a path as an ffmpeg input or output that can't be mistaken for a protocol
// ("concat:…") or an option ("-y").
func URL(path string) string { return "file:" + filepath.ToSlash(path) }

// Pattern is a path as part of a numbered sequence's name, in which % has a meaning.
func Pattern(path string) string { return strings.ReplaceAll(path, "%", "%%") }

func narrowed(path string, args ...string) []string {
	all := []string{"-hide_banner", "-loglevel", "warning", "-protocol_whitelist", "file",
		"-format_whitelist", formats, "-max_pixels", maxPixels, "-of", "compact=nk=0"}
	return append(append(all, args...), URL(path))
}
