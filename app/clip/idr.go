package clip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	mathbits "math/bits"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// Two IDR pictures in a row must differ in idr_pic_id (ITU-T H.264, 7.4.3): some
// hardware decoders take them for one picture otherwise. An encoder sees to it, a joiner
// of its pieces has to. Only a unit of one frame is followed at once by another IDR
// picture, so units of one frame are kept with either number and the join picks.

// parameters are the parts of the parameter sets that a slice header hangs on.
type parameters struct {
	sps *avc.SPS
	pps *avc.PPS
}

func parametersOf(c *mp4.AvcCBox) (parameters, error) {
	if len(c.SPSnalus) != 1 || len(c.PPSnalus) != 1 {
		return parameters{}, fmt.Errorf("%d sequence and %d picture parameter sets instead of one each", len(c.SPSnalus), len(c.PPSnalus))
	}
	sps, err := avc.ParseSPSNALUnit(c.SPSnalus[0], false)
	if err != nil {
		return parameters{}, err
	}
	pps, err := avc.ParsePPSNALUnit(c.PPSnalus[0], map[uint32]*avc.SPS{sps.ParameterID: sps})
	if err != nil {
		return parameters{}, err
	}
	if !pps.EntropyCodingModeFlag || !sps.FrameMbsOnlyFlag || sps.PicOrderCntType == 1 ||
		pps.BottomFieldPicOrderInFramePresentFlag || pps.RedundantPicCntPresentFlag {
		return parameters{}, errors.New("its slice headers are of a kind that libx264 does not write")
	}
	return parameters{sps, pps}, nil
}

// withIDRID gives the sample, of which all slices are IDR, with the number id, 0 or 1.
func (p parameters) withIDRID(sample []byte, id uint) (out []byte, err error) {
	walk := eachNAL(sample, func(_ int, nal []byte) {
		if avc.GetNaluType(nal[0]) == avc.NALU_IDR && err == nil {
			nal, err = p.rewrite(nal, id)
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(nal)))
		out = append(out, nal...)
	})
	return out, errors.Join(walk, err)
}

// rewrite copies an IDR slice with another idr_pic_id. Its header (7.3.3) is copied field
// by field up to the alignment before the CABAC data, which is copied byte by byte.
func (p parameters) rewrite(nal []byte, id uint) ([]byte, error) {
	raw := unescape(nal[1:])
	var head bytes.Buffer
	h := header{r: bits.NewReader(bytes.NewReader(raw)), w: bits.NewWriter(&head)}
	h.golomb() // first_mb_in_slice
	h.golomb() // slice_type
	h.golomb() // pic_parameter_set_id
	h.copy(int(p.sps.Log2MaxFrameNumMinus4) + 4)
	h.r.ReadExpGolomb()
	h.put(id) // idr_pic_id
	if p.sps.PicOrderCntType == 0 {
		h.copy(int(p.sps.Log2MaxPicOrderCntLsbMinus4) + 4)
	}
	h.copy(2)  // dec_ref_pic_marking of an IDR picture
	h.golomb() // slice_qp_delta
	if p.pps.DeblockingFilterControlPresentFlag {
		if h.golomb() != 1 { // disable_deblocking_filter_idc
			h.golomb() // slice_alpha_c0_offset_div2
			h.golomb() // slice_beta_offset_div2
		}
	}
	h.align()
	if err := errors.Join(h.r.AccError(), h.w.AccError()); err != nil {
		return nil, fmt.Errorf("read a slice header: %w", err)
	}
	return escape(nal[:1:1], append(head.Bytes(), raw[(h.r.NrBitsRead()+7)/8:]...)), nil
}

// header copies fields from one bit string to another, of which it counts the bits.
type header struct {
	r *bits.Reader
	w *bits.Writer
	n int
}

func (h *header) write(v uint, n int) { h.w.Write(v, n); h.n += n }
func (h *header) copy(n int)          { h.write(h.r.Read(n), n) }

// put writes an Exp-Golomb code (9.1).
func (h *header) put(v uint) { h.write(v+1, 2*mathbits.Len(v+1)-1) }

// golomb copies one, signed or unsigned.
func (h *header) golomb() uint {
	v := h.r.ReadExpGolomb()
	h.put(v)
	return v
}

// unescape removes the emulation prevention bytes (7.4.1) of a NAL unit's payload.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		out = append(out, c)
		if zeros++; c != 0 {
			zeros = 0
		}
	}
	return out
}

// escape appends b with the emulation prevention bytes it needs.
func escape(out, b []byte) []byte {
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c <= 3 {
			out = append(out, 3)
			zeros = 0
		}
		out = append(out, c)
		if zeros++; c != 0 {
			zeros = 0
		}
	}
	return out
}
