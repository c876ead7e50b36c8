// Package order makes pictures as each subscriber wants them: the original or a rendition,
// with or without a watermark, its metadata kept, trimmed or set, under a name by a
// template, with a sidecar where that is asked for.
//
//	Spec ─► look ─► cache of JPEGs without metadata, one for all who want the same
//	  │               │
//	  └► metadata ────┴─► head with IPTC and XMP + the pixels, streamed ─► send.Parcel
//
// An original whose pixels and metadata nobody wants changed goes out byte for byte, from
// its file. Nothing but drawing holds a picture in memory, and that is bounded by the
// Budget that all decoding shares.
package order

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"

	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// Maker makes parcels. Its methods may be called from any goroutine; it must not be copied.
type Maker struct {
	DB        *store.DB
	Originals *vault.Vault
	Marks     *vault.Vault // PNG watermarks
	Dir       string       // of the cache; made where it is missing
	Budget    *rendition.Budget
	Limits    rendition.Limits // for what is decoded
	// Link gives the address that a delivery's picture in a version can be fetched at, and
	// until when; nil where the site does not know its own address.
	Link func(delivery string, version int) (address string, until time.Time)

	flights singleflight.Group
}

// Job is one picture for one subscriber.
type Job struct {
	Delivery, Subscriber string
	Kind                 string // first, update or demand
	Picture              picture.Picture
	Record               metadata.Record
	Version              int // of the picture
	Spec                 Spec
}

// Make makes the picture to the job's order. Its error is a *send.Error: Refused where this
// picture can't go so, Hopeless where no picture could until somebody changes the order,
// Ours where the site is to blame, and what it is about may pass.
func (m *Maker) Make(ctx context.Context, j Job) (send.Parcel, error) {
	p, err := m.parcel(ctx, j)
	if err != nil {
		return send.Parcel{}, trouble(err)
	}
	return p, nil
}

func (m *Maker) parcel(ctx context.Context, j Job) (p send.Parcel, err error) {
	if !j.Picture.Approved() {
		return p, &send.Error{Kind: send.Refused, Message: "The picture may not go out: it is " + string(j.Picture.State) + "."}
	}
	r := j.Spec.Metadata.apply(j.Record)
	c, err := m.content(ctx, j, r)
	if err != nil {
		return p, err
	}
	ext := extensions(c.kind)[0]
	stem, err := m.reserve(ctx, j, r, ext)
	if err != nil {
		return p, err
	}
	p = send.Parcel{Delivery: j.Delivery, Picture: string(j.Picture.ID), Version: max(1, j.Version), Kind: j.Kind, Name: stem + ext,
		ContentType: c.kind, Size: c.size(), Open: c.open}
	if p.SHA256, err = c.sum(); err != nil {
		return p, err
	}
	if p.Metadata, err = json.Marshal(r); err != nil {
		return p, err
	}
	p.Sidecar = sidecar(j.Spec.Sidecar, stem, r, p.Metadata)
	if m.Link != nil {
		p.Link = func() (string, time.Time) { return m.Link(p.Delivery, p.Version) }
	}
	return p, nil
}

// sidecar gives the small file that goes beside the picture; nil where none is asked for.
func sidecar(kind, stem string, r metadata.Record, asJSON []byte) *send.File {
	switch kind {
	case "xmp":
		return &send.File{Name: stem + ".xmp", ContentType: "application/rdf+xml", Data: metadata.XMP(r)}
	case "json":
		return &send.File{Name: stem + ".json", ContentType: "application/json", Data: asJSON}
	}
	return nil
}

// content decides what the file is: the original as it is, the original with other
// metadata, or a picture that is made.
func (m *Maker) content(ctx context.Context, j Job, r metadata.Record) (c content, err error) {
	if j.Spec.Watermark == nil && j.Spec.Longest == 0 && j.Spec.Width == 0 {
		c, err = m.original(j, r)
		if err != nil || c.path != "" && (j.Spec.MaxBytes == 0 || c.size() <= j.Spec.MaxBytes) {
			return c, err
		}
	}
	room, err := pixelRoom(j.Spec.MaxBytes, r)
	if err != nil {
		return content{}, err
	}
	l := j.Spec.look(room)
	path, err := m.made(ctx, j.Picture.Original, l)
	if err != nil {
		return content{}, err
	}
	c = content{kind: "image/jpeg", path: path, again: func() error { _, err := m.made(context.WithoutCancel(ctx), j.Picture.Original, l); return err }}
	return c, c.describe(r, false)
}

// original gives the original; no path where it must be made a JPEG for its metadata.
func (m *Maker) original(j Job, r metadata.Record) (c content, err error) {
	f, err := m.Originals.Open(j.Picture.Original)
	if err != nil {
		return c, err
	}
	st, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return c, err
	}
	c = content{kind: j.Picture.Type, path: m.Originals.Path(j.Picture.Original), to: st.Size(), sha256: string(j.Picture.Original)}
	if j.Spec.Metadata.Kept() {
		return c, nil
	}
	if c.kind != "image/jpeg" {
		return content{}, nil
	}
	return c, c.describe(r, j.Spec.Metadata.Trim)
}

// roomStep is what the room for metadata is rounded up to, in bytes, so that records of
// about the same length share one file.
const roomStep = 8 << 10

// pixelRoom gives what is left of a file's bytes beside the metadata.
func pixelRoom(most int64, r metadata.Record) (int64, error) {
	if most == 0 {
		return 0, nil
	}
	head, err := metadata.Embed([]byte("\xff\xd8\xff\xda"), r)
	if err != nil {
		return 0, err
	}
	room := most - (int64(len(head))+roomStep-1)/roomStep*roomStep
	if room <= 0 {
		return 0, fault.New(fault.TooLarge, "order_impossible", "The picture can't be made as small as %d bytes: its metadata alone has %d.", most, len(head))
	}
	return room, nil
}

// draw makes a look of an original.
func (m *Maker) draw(ctx context.Context, original vault.Key, l look) ([]byte, error) {
	mark, err := m.mark(l)
	if err != nil {
		return nil, err
	}
	data, err := m.Originals.Read(original)
	if err != nil {
		return nil, err
	}
	limits := m.Limits
	limits.TIFF = true
	info, err := rendition.Inspect(data, limits)
	if err != nil {
		return nil, err
	}
	w, h, piece := l.fitting(info.Width, info.Height)
	cost := info.CostAt(w, h)
	if l.Watermark != nil {
		s, err := l.Watermark.shape(piece.Dx(), piece.Dy(), mark)
		if err != nil {
			return nil, err
		}
		cost += s.cost(mark)
	}
	release, err := m.Budget.Acquire(ctx, cost)
	if err != nil {
		return nil, err
	}
	defer release()
	return l.draw(data, info, mark)
}

func (m *Maker) mark(l look) (image.Image, error) {
	if l.Watermark == nil || l.Watermark.Image == "" {
		return nil, nil
	}
	data, err := m.Marks.Read(l.Watermark.Image)
	if err != nil {
		return nil, &send.Error{Kind: send.Hopeless, Message: "The watermark's picture is missing; upload it again.", Cause: err}
	}
	img, err := decodeMark(data)
	if err != nil {
		return nil, &send.Error{Kind: send.Hopeless, Message: "The watermark's picture can't be opened; upload another one.", Cause: err}
	}
	return img, nil
}

// KeepMark keeps a PNG watermark, of at most 1 MB, and gives its key for a Spec. Errors:
// TooLarge mark_too_large, Invalid bad_mark.
func (m *Maker) KeepMark(ctx context.Context, data []byte) (vault.Key, error) {
	if _, err := decodeMark(data); err != nil {
		return "", err
	}
	return m.Marks.Put(ctx, data)
}

// unmarked calls remove where no destination names the watermark, while none can come to.
func (m *Maker) unmarked(ctx context.Context, k vault.Key, remove func() error) error {
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM deliver_destination WHERE made LIKE $1`, "%"+string(k)+"%").Scan(&n); err != nil || n > 0 {
			return err
		}
		return remove()
	})
}

// trouble puts a failure into a subscriber's words.
func trouble(err error) *send.Error {
	if e, ok := errors.AsType[*send.Error](err); ok {
		return e
	}
	f := fault.Of(err)
	switch {
	case f.Code == "no_file":
		return &send.Error{Kind: send.Ours, Message: "The picture's file is missing on this site.", Cause: err}
	case slices.Contains([]fault.Kind{fault.Invalid, fault.Unsupported, fault.TooLarge}, f.Kind):
		return &send.Error{Kind: send.Refused, Message: f.Message, Cause: err}
	case f.Kind == fault.Full:
		return &send.Error{Kind: send.Ours, Message: "The disk of this site is full.", Cause: err}
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return &send.Error{Kind: send.Ours, Message: "The picture was not made in time.", Cause: err}
	}
	return &send.Error{Kind: send.Ours, Message: "The picture could not be made to order.", Cause: err}
}
