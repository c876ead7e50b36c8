package order

import (
	"context"
	"image"
	_ "image/jpeg" // what is made
	"io"

	"oneframe/app/store"
)

// Preview is what a job would give.
type Preview struct {
	Name, Sidecar string // "" for none
	Untouched     bool   // it is the original, byte for byte
	ContentType   string
	Size          int64 // bytes
	Width, Height int   // pixels
	Open          func() (io.ReadCloser, error)
}

// Preview makes the picture to the job's order without giving it a name for good: the name
// is the one that it has already, or would get now. Its error is a *send.Error.
func (m *Maker) Preview(ctx context.Context, j Job) (Preview, error) {
	p, err := m.preview(ctx, j)
	if err != nil {
		return Preview{}, trouble(err)
	}
	return p, nil
}

func (m *Maker) preview(ctx context.Context, j Job) (p Preview, err error) {
	r := j.Spec.Metadata.apply(j.Record)
	c, err := m.content(ctx, j, r)
	if err != nil {
		return p, err
	}
	ext, t, stem := extensions(c.kind)[0], Template(j.Spec.Name), ""
	err = m.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if stem, err = reserved(tx, j, variant(t, j)); err != nil || stem != "" {
			return err
		}
		if stem = t.stem(j, r, ext); !t.own(stem, j) {
			stem, _, err = free(tx, j, stem)
		}
		return err
	})
	if err != nil {
		return p, err
	}
	p = Preview{Name: stem + ext, Untouched: c.sha256 != "", ContentType: c.kind, Size: c.size(), Width: j.Picture.Width, Height: j.Picture.Height, Open: c.open}
	if s := sidecar(j.Spec.Sidecar, stem, r, nil); s != nil {
		p.Sidecar = s.Name
	}
	if c.kind != "image/jpeg" || p.Untouched {
		return p, nil
	}
	f, err := c.open()
	if err != nil {
		return p, err
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(f)
	p.Width, p.Height = config.Width, config.Height
	return p, err
}
