package metadata

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"oneframe/app/fault"
)

// headMost is the most bytes of segments before the first scan that Splice holds.
const headMost = 32 << 20

// Splice is Embed for a file that need not lie in memory: the new picture is the head, and
// behind it the file's bytes from from up to to, which are its pixels, bit for bit.
//
// Where bare is set, nothing else comes along that may tell of more than the record does:
// of the segments only those that the pixels need (tables, frame, JFIF, Adobe's marker, the
// colour profile), and nothing behind the picture's end, where telephones put a second
// picture with an EXIF of its own.
//
// Errors: Embed's, and those of the reader.
func Splice(file io.ReaderAt, size int64, r Record, bare bool) (head []byte, from, to int64, err error) {
	old, from, err := jpegHead(file, size, bare)
	if err != nil {
		return nil, 0, 0, err
	}
	// Embed asks for a scan; its marker stays in the file.
	head, err = Embed(append(old, 0xff, markerSOS), r)
	if err != nil {
		return nil, 0, 0, err
	}
	to = size
	if bare {
		to, err = jpegEnd(file, from, size)
	}
	return head[:len(head)-2], from, to, err
}

var errNoScan = fault.New(fault.Invalid, "broken_metadata", "The picture can't be written to: its file is damaged.")

// jpegHead gives SOI and the segments before the first scan, and where that begins. It
// passes over what belongs to nothing, as segments does.
func jpegHead(file io.ReaderAt, size int64, bare bool) (head []byte, at int64, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10)
	soi, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if kindOf(soi) != "jpeg" {
		return nil, 0, fault.New(fault.Unsupported, "unsupported_type", "Metadata is written into JPEG pictures only.")
	}
	head = append(head, soi[:2]...)
	skip := func(n int) error { k, err := in.Discard(n); at += int64(k); return err }
	for err = skip(2); err == nil; {
		var b []byte
		if b, err = in.Peek(4); err != nil {
			break
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		switch m := b[1]; {
		case b[0] != 0xff || m == 0xff:
			err = skip(1)
		case m <= 0x01 || 0xd0 <= m && m <= markerSOI:
			err = skip(2)
		case m == markerSOS:
			return head, at, nil
		case m == markerEOI:
			return nil, 0, errNoScan
		case n < 2 || at+2+int64(n) > size:
			err = skip(2)
		case len(head)+2+n > headMost:
			return nil, 0, fault.New(fault.TooLarge, "metadata_too_large", "The picture has more than %d MB before its pixels.", headMost>>20)
		default:
			whole := make([]byte, 2+n)
			if _, err = io.ReadFull(in, whole); err == nil && (!bare || needed(segment{marker: m, body: whole[4:]})) {
				head = append(head, whole...)
			}
			at += int64(len(whole))
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errNoScan
	}
	return nil, 0, err
}

// needed reports a segment without which the pixels would not be the same. Of the EXIF
// Embed keeps only how the picture is turned.
func needed(s segment) bool {
	has := func(head string) bool { return bytes.HasPrefix(s.body, []byte(head)) }
	switch {
	case s.marker == markerAPP0:
		return has("JFIF\x00")
	case s.marker == markerAPP1:
		return has(headEXIF)
	case s.marker == markerAPP2:
		return has("ICC_PROFILE\x00")
	case s.marker == 0xee:
		return has("Adobe")
	case s.marker > markerAPP0 && s.marker <= 0xef, s.marker == 0xfe: // other applications, comments
		return false
	}
	return true
}

// jpegEnd finds the end of the picture whose first scan begins at from: behind its EOI,
// or where the file ends.
func jpegEnd(file io.ReaderAt, from, size int64) (end int64, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(file, from, size-from), 64<<10)
	for end = from; err == nil; {
		if b, _ := in.Peek(in.Buffered()); len(b) > 0 { // what is there is passed over at once
			if i := bytes.IndexByte(b, 0xff); i != 0 {
				if i < 0 {
					i = len(b)
				}
				n, err2 := in.Discard(i)
				end, err = end+int64(n), err2
				continue
			}
		}
		var b []byte
		if b, err = in.Peek(2); err != nil {
			break
		}
		skip := 2
		switch m := b[1]; {
		case b[0] != 0xff || m == 0xff:
			skip = 1
		case m == markerEOI:
			return end + 2, nil
		case m <= 0x01 || 0xd0 <= m && m <= markerSOI: // stuffed, restart
		default:
			b, err = in.Peek(4)
			if len(b) == 4 {
				skip = 2 + max(2, int(binary.BigEndian.Uint16(b[2:])))
			}
		}
		n, err2 := in.Discard(skip)
		end += int64(n)
		err = errors.Join(err, err2)
	}
	if errors.Is(err, io.EOF) {
		return size, nil
	}
	return end, err
}
