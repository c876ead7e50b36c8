package rendition

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// mendPNG writes anew a PNG whose end is missing or whose checksums are wrong: the
// palette, the transparency, and as many whole rows as can be inflated. full is the
// height that the original promises. Of an interlaced PNG the rows come in seven
// passes, so a damaged one is refused.
func mendPNG(data []byte) (mended []byte, full int, err error) {
	head, err := pngHeadOf(data)
	if err != nil || head.interlaced {
		return nil, 0, errors.Join(err, errors.New("can't be mended"))
	}
	rows, err := pngRows(data, head, io.Discard, head.height)
	if rows == 0 {
		return nil, 0, fmt.Errorf("no whole row: %w", err)
	}
	var pixels bytes.Buffer
	z, err := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	if err != nil {
		return nil, 0, err
	}
	if _, err := pngRows(data, head, z, rows); err != nil {
		return nil, 0, err
	}
	if err := z.Close(); err != nil {
		return nil, 0, err
	}
	ihdr := bytes.Clone(data[16:29])
	binary.BigEndian.PutUint32(ihdr[4:], uint32(rows))
	mended = appendChunk([]byte(pngSignature), "IHDR", ihdr)
	for c := range pngChunks(data) {
		if c.kind == "PLTE" || c.kind == "tRNS" {
			mended = appendChunk(mended, c.kind, c.data)
		}
	}
	mended = appendChunk(mended, "IDAT", pixels.Bytes())
	return appendChunk(mended, "IEND", nil), head.height, nil
}

// pngRows inflates up to n rows into w and says how many were whole.
func pngRows(data []byte, head pngHead, w io.Writer, n int) (rows int, err error) {
	z, err := zlib.NewReader(&idat{data: data, at: len(pngSignature)})
	if err != nil {
		return 0, err
	}
	row := int64(head.rowBytes())
	got, err := io.CopyN(w, z, int64(n)*row)
	return int(got / row), err
}

func appendChunk(to []byte, kind string, data []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(data)))
	start := len(to)
	to = append(append(to, kind...), data...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[start:]))
}
