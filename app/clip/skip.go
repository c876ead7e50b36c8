package clip

import (
	"bytes"
	"fmt"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/bits"
)

// A picture that is held costs one IDR picture and then, per frame, a P picture that says
// "as before" of every macroblock. Those few bytes are written here instead of asking
// libx264, which would search every frame for motion that isn't there.

// skipQP is the quantiser that the skip pictures name. Nothing is quantised in them; at
// 51 the context of mb_skip_flag starts far on the side of "skipped".
const skipQP = 51

// skipped gives the n-th frame after an IDR picture, n from 1, as a sample that repeats
// the frame before it: one P slice (ITU-T H.264, 7.3.3 and 7.3.4), itself a reference.
func (p parameters) skipped(n int) ([]byte, error) {
	var b bytes.Buffer
	h := header{w: bits.NewWriter(&b)}
	h.write(1<<5|uint(avc.NALU_NON_IDR), 8) // nal_ref_idc 1
	h.put(0)                                // first_mb_in_slice
	h.put(5)                                // slice_type: all slices are P
	h.put(0)                                // pic_parameter_set_id
	h.write(uint(n), int(p.sps.Log2MaxFrameNumMinus4)+4)
	h.write(uint(2*n), int(p.sps.Log2MaxPicOrderCntLsbMinus4)+4)
	h.write(1, 1) // num_ref_idx_active_override_flag
	h.put(0)      // num_ref_idx_l0_active_minus1
	h.write(0, 1) // ref_pic_list_modification_flag_l0
	if p.pps.WeightedPredFlag {
		h.put(0)      // luma_log2_weight_denom
		h.put(0)      // chroma_log2_weight_denom
		h.write(0, 2) // luma_weight_l0_flag, chroma_weight_l0_flag
	}
	h.write(0, 1) // adaptive_ref_pic_marking_mode_flag
	h.put(0)      // cabac_init_idc
	h.putSigned(skipQP - 26 - p.pps.PicInitQpMinus26)
	if p.pps.DeblockingFilterControlPresentFlag {
		h.put(1) // disable_deblocking_filter_idc
	}
	h.align()
	skipAll(&h, int((p.sps.Width+15)/16*((p.sps.Height+15)/16)))
	if err := h.w.AccError(); err != nil {
		return nil, err
	}
	nal := escape(b.Bytes()[:1:1], b.Bytes()[1:])
	return append(lengthOfNAL(nal), nal...), nil
}

func lengthOfNAL(nal []byte) []byte { return be64(uint64(len(nal)) << 32)[:4:4] }

// skippable says whether skipped can be used with these parameter sets.
func (p parameters) skippable() error {
	if p.sps.PicOrderCntType != 0 || p.pps.PicParameterSetID != 0 || p.sps.ChromaFormatIDC != 1 || p.sps.NumRefFrames < 1 {
		return fmt.Errorf("a picture can't be held with picture order type %d, picture parameter set %d, chroma format %d and %d references",
			p.sps.PicOrderCntType, p.pps.PicParameterSetID, p.sps.ChromaFormatIDC, p.sps.NumRefFrames)
	}
	return nil
}

// putSigned writes a signed Exp-Golomb code (9.1.1).
func (h *header) putSigned(v int) {
	if v > 0 {
		h.put(uint(2*v - 1))
	} else {
		h.put(uint(-2 * v))
	}
}

// align fills up the byte before CABAC data (cabac_alignment_one_bit).
func (h *header) align() {
	for h.n%8 != 0 {
		h.write(1, 1)
	}
}

// skipAll writes the slice data of n skipped macroblocks in CABAC (9.3.4): for each
// mb_skip_flag 1, which is the more probable symbol of its context throughout, and
// end_of_slice_flag.
func skipAll(h *header, n int) {
	c := cabac{h: h, width: 510, first: true}
	state := (23*skipQP)>>4 + 33 - 64 // 9.3.1.1 with m and n of ctxIdx 11, cabac_init_idc 0
	for i := range n {
		c.width -= uint(rangeLPS[state-firstState][c.width>>6&3])
		c.renormalise()
		state = min(state+1, 62)
		c.width -= 2
		if i < n-1 {
			c.renormalise()
		}
	}
	c.low += c.width
	c.width = 2
	c.renormalise()
	c.bit(c.low >> 9 & 1)
	h.write(c.low>>7&3|1, 2) // the last bit is rbsp_stop_one_bit
	for h.n%8 != 0 {
		h.write(0, 1)
	}
}

// rangeLPS is table 9-44 (rangeTabLPS) from the state that skipAll begins with.
const firstState = 42

var rangeLPS = [...][4]uint8{
	{16, 20, 23, 27}, {15, 19, 22, 25}, {14, 18, 21, 24}, {14, 17, 20, 23}, {13, 16, 19, 22}, {12, 15, 18, 21}, {12, 14, 17, 20},
	{11, 14, 16, 19}, {11, 13, 15, 18}, {10, 12, 15, 17}, {10, 12, 14, 16}, {9, 11, 13, 15}, {9, 11, 12, 14}, {8, 10, 12, 14},
	{8, 9, 11, 13}, {7, 9, 11, 12}, {7, 9, 10, 12}, {7, 8, 10, 11}, {6, 8, 9, 11}, {6, 7, 9, 10}, {6, 7, 8, 9},
}

// cabac is the arithmetic encoder of 9.3.4.2, as far as it is needed.
type cabac struct {
	h           *header
	low, width  uint // codILow and codIRange
	first       bool
	outstanding int
}

func (c *cabac) renormalise() {
	for c.width < 256 {
		switch {
		case c.low < 256:
			c.bit(0)
		case c.low >= 512:
			c.low -= 512
			c.bit(1)
		default:
			c.low -= 256
			c.outstanding++
		}
		c.width <<= 1
		c.low <<= 1
	}
}

func (c *cabac) bit(b uint) {
	if !c.first {
		c.h.write(b, 1)
	}
	c.first = false
	for ; c.outstanding > 0; c.outstanding-- {
		c.h.write(1-b, 1)
	}
}
