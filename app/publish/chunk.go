package publish

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// The sizes of chunks in bytes: what is sent as a rule, and the least that is tried
// where a proxy before the host takes no more.
const (
	usualChunk = 8 << 20
	leastChunk = 256 << 10
)

// chunkFor is the size of chunks that a host takes whose least is least (0: any): a file
// has at most 10,000 of them.
func chunkFor(want, least, size int64) int64 {
	if want <= 0 {
		want = usualChunk
	}
	if least > 0 {
		want = max(want, least, (size+9_999)/10_000)
	}
	return want
}

// smaller halves the chunk; false where it is as small as it gets.
func smaller(chunk int64) (int64, bool) {
	if chunk <= 0 {
		chunk = usualChunk
	}
	return max(chunk/2, leastChunk), chunk > leastChunk
}

// stored reads how many bytes a resumable upload has stored: "bytes=0-N" means N+1, and
// "bytes=0--1", as servers really write it, or no header means none.
func stored(header string) (int64, error) {
	if header == "" {
		return 0, nil
	}
	last, ok := strings.CutPrefix(strings.ReplaceAll(header, " ", ""), "bytes=0-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil || n < -1 {
		return 0, fmt.Errorf("the host told the position %q", short(header))
	}
	return n + 1, nil
}

// piece is the next chunk of the file.
type piece struct {
	file        *os.File
	first, size int64
}

func next(f *os.File, u *Upload, total int64) piece {
	chunk := u.Chunk
	if chunk <= 0 {
		chunk = usualChunk
	}
	return piece{f, u.Offset, min(chunk, total-u.Offset)}
}

func (p piece) reader() io.Reader { return io.NewSectionReader(p.file, p.first, p.size) }

// contentRange is the header of RFC 9110, section 14.4.
func (p piece) contentRange(total int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", p.first, p.first+p.size-1, total)
}

// digest is the header of RFC 3230 over the chunk.
func (p piece) digest() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, p.reader()); err != nil {
		return "", &fileError{err}
	}
	return "sha-256=" + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}
