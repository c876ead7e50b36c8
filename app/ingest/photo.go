package ingest

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// photo is a photograph on its way in.
type photo struct {
	Upload
	info   rendition.Info
	record metadata.Record
	key    vault.Key
}

// isPhoto reports whether the upload is for the feed: by a photographer's door, and for
// no slot.
func (u Upload) isPhoto() bool {
	return u.Lease == "" && (u.Origin == "api" || u.Origin == "ftp" || u.Origin == "folder")
}

// acceptPhoto takes a photograph in. The very file that the account sent before is
// answered with what became of it, and nothing is done twice; another file of the same
// name is a new version of that picture. Beside Accept's errors: Invalid no_account or
// no_file_name, Gone withdrawn, *Refusal.
func (d *Door) acceptPhoto(ctx context.Context, u Upload) (Receipt, error) {
	if u.Account == "" {
		return Receipt{}, fault.New(fault.Invalid, "no_account", "A photograph needs an account that it comes from.")
	}
	p := photo{Upload: u, key: vault.KeyOf(u.Data)}
	if p.FileName = cleanFileName(u.FileName); p.FileName == "" {
		return Receipt{}, fault.New(fault.Invalid, "no_file_name", "A photograph needs a file name.")
	}
	if r, known, err := d.known(ctx, p); err != nil || known {
		return r, err
	}
	var err error
	if p.info, err = rendition.Inspect(u.Data, d.PhotoLimits); err != nil {
		return Receipt{}, err
	}
	if err := d.check(ctx, u.Data, p.info); err != nil {
		return Receipt{}, err
	}
	for {
		r, err := d.recordPhoto(ctx, p)
		if !errors.Is(err, errForgotten) {
			return r, err
		}
	}
}

// known gives the receipt of a file that the account sent before.
func (d *Door) known(ctx context.Context, p photo) (r Receipt, known bool, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		r, known, err = sameBytes(tx, p)
		return err
	})
	return r, known, err
}

func sameBytes(tx *store.Tx, p photo) (r Receipt, known bool, err error) {
	was, number, known, err := picture.SameBytes(tx, p.Account, p.key)
	if err != nil || !known {
		return r, false, err
	}
	if was.State == picture.Withdrawn {
		return r, true, fault.New(fault.Gone, "withdrawn", "This picture was withdrawn; it is not taken again.")
	}
	return Receipt{ID: was.ID, State: was.State, Duplicate: true, Version: number}, true, nil
}

// recordPhoto keeps the file and records it, as a new picture or as a new version.
func (d *Door) recordPhoto(ctx context.Context, p photo) (r Receipt, err error) {
	if _, err := d.Originals.Put(ctx, p.Data); err != nil {
		return Receipt{}, err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if !d.Originals.Has(p.key) {
			return errForgotten
		}
		var known bool
		if r, known, err = sameBytes(tx, p); err != nil || known {
			return err // it came twice at once
		}
		r, err = d.enter(tx, p)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// corrections is how long after a picture another one with its file name is taken for a
// corrected version.
const corrections = 7 * 24 * time.Hour

// enter puts the photograph into the register.
func (d *Door) enter(tx *store.Tx, p photo) (Receipt, error) {
	n := picture.New{ID: picture.ID(store.NewID()), Origin: p.Origin, Account: p.Account, Name: cleanName(p.Name), Consent: p.Consent, Original: p.key,
		Type: p.info.Type, Width: p.info.Width, Height: p.info.Height, Bytes: int64(len(p.Data)), FileName: p.FileName}
	r := Receipt{ID: n.ID, State: picture.Received, Version: 1}
	was, corrects, err := picture.SameName(tx, p.Account, p.FileName, tx.Now.Add(-corrections))
	if err != nil {
		return Receipt{}, err
	}
	if corrects {
		r.ID = was.ID
		r.Version, err = picture.Replace(tx, was, n)
	} else {
		_, err = picture.Record(tx, n)
	}
	if err != nil {
		return Receipt{}, err
	}
	return r, picture.Describe(tx, r.ID, p.record)
}

// fileNameMax is how long a file name may be, in bytes.
const fileNameMax = 255

// cleanFileName makes a sender's file name, with its folders, fit to be shown and compared:
// slashes, nothing above the top, no control characters.
func cleanFileName(name string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/")
	name = strings.TrimPrefix(path.Clean("/"+cleanText(name)), "/")
	if len(name) > fileNameMax {
		name = strings.ToValidUTF8(name[len(name)-fileNameMax:], "")
	}
	return name
}
