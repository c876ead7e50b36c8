package rendition

// keptScan gives a JPEG of nothing but the tables, the frame and the one scan of the
// original, up to the first EOI after it, behind a JFIF header of our own: the same
// pixels, bit for bit, and none of the metadata or what may follow. It gives nil where
// the original is not a baseline 4:2:0 JPEG in one scan, or is larger than half a byte
// a pixel, which is more than any browser's canvas makes and would burden every page.
//
// Dropping an Adobe marker is safe, for without YCbCr in it the decoder had not given planes.
func keptScan(data []byte) []byte {
	out := make([]byte, 0, len(data))
	out = append(out, 0xff, soi, 0xff, app0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0)
	scanned, pixels := false, 0
	for s := range segments(data) {
		switch s.marker {
		case sof0:
			f, ok := frameOf(s)
			if !ok || pixels > 0 || !is420(f) {
				return nil
			}
			pixels = f.width * f.height
		case sof1, sof2:
			return nil
		case dqt, dht, dri:
		case sos:
			stop := nextMarker(data, s.end)
			if scanned || pixels == 0 || len(s.body) != 10 || stop+2 > len(data) || data[stop+1] != eoi {
				return nil
			}
			scanned = true
			out = append(out, data[s.at:stop]...)
			continue
		default:
			continue
		}
		if !scanned {
			out = append(out, data[s.at:s.end]...)
		}
	}
	if !scanned || len(out) > pixels/2+2048 {
		return nil
	}
	return append(out, 0xff, eoi)
}

func is420(f frame) bool {
	return len(f.comps) == 3 && f.comps[0].h == 2 && f.comps[0].v == 2 &&
		f.comps[1].h == 1 && f.comps[1].v == 1 && f.comps[2].h == 1 && f.comps[2].v == 1
}
