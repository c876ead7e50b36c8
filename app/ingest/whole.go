package ingest

import (
	"bytes"
	"encoding/binary"
)

// Whole reports whether a picture's file has its end, so that half a file isn't taken
// for a whole one: a JPEG its end marker after the scan (ITU-T T.81 section B.1.1.3; in
// a scan no other bytes look like it), a PNG its last chunk, a WebP as many bytes as its
// head says. Of other files there is nothing to see, and they are whole.
func Whole(data []byte) bool {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return bytes.Contains(data[scanOf(data):], []byte("\xff\xd9"))
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return bytes.Contains(data[max(0, len(data)-64<<10):], []byte("IEND"))
	case len(data) >= 12 && string(data[:4]) == "RIFF":
		return int64(binary.LittleEndian.Uint32(data[4:]))+8 <= int64(len(data))
	}
	return true
}

// scanOf gives where a JPEG's scan begins, or as far as its segments can be walked over:
// the thumbnails in them have ends of their own.
func scanOf(data []byte) int {
	at := 2
	for at+4 <= len(data) && data[at] == 0xff && data[at+1] != 0xda {
		if data[at+1] == 0xff {
			at++
			continue
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return min(at, len(data))
}
