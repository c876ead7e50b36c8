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
	info               rendition.Info // zero where the file can't be read
	record             metadata.Record
	key                vault.Key
	bytes              int64
	approver, approval string // as picture.New's
}

// isPhoto reports whether the upload is for the feed: by a photographer's door, and for
// no slot.
func (u Upload) isPhoto() bool {
	return u.Lease == "" && (u.Origin == "api" || u.Origin == "ftp" || u.Origin == "folder")
}

// acceptPhoto takes a photograph in. The very file that the account sent before is
// answered with what became of it, and nothing is done twice; another file of the same
// name is a new version of that picture. What the account's profile doesn't allow goes into
// quarantine, and the error is a *Refusal with every reason. Beside Accept's errors:
// Invalid no_account or no_file_name, Gone withdrawn.
func (d *Door) acceptPhoto(ctx context.Context, u Upload) (Receipt, error) {
	if u.Account == "" {
		return Receipt{}, fault.New(fault.Invalid, "no_account", "A photograph needs an account that it comes from.")
	}
	p := photo{Upload: u, key: vault.KeyOf(u.Data), bytes: int64(len(u.Data))}
	if p.FileName = cleanFileName(u.FileName); p.FileName == "" {
		return Receipt{}, fault.New(fault.Invalid, "no_file_name", "A photograph needs a file name.")
	}
	r, profile, known, err := d.known(ctx, &p)
	if err != nil || known {
		return r, err
	}
	reasons, cause, err := d.examine(ctx, &p, profile)
	if err != nil {
		return Receipt{}, err
	}
	if fault.Has(cause, "too_many_bytes") {
		return Receipt{}, &Refusal{Reasons: reasons, Cause: cause} // more than is worth keeping
	}
	for {
		if len(reasons) > 0 {
			err = d.hold(ctx, p, profile.Name, reasons, cause)
		} else {
			r, err = d.recordPhoto(ctx, p)
		}
		if !errors.Is(err, errForgotten) {
			return r, err
		}
	}
}

// known gives the receipt of a file that the account sent before, or its refusal for
// good; else how the account's photographs are held.
func (d *Door) known(ctx context.Context, p *photo) (r Receipt, profile Profile, known bool, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		if r, known, err = sameBytes(tx, *p); err != nil || known {
			return err
		}
		if err := dismissed(tx, *p); err != nil {
			return err
		}
		a, err := d.Assigned(tx, p.Account)
		if err != nil {
			return err
		}
		if a.Trusted {
			p.approver, p.approval = "account:"+p.Account, "trusted"
		}
		profile, err = d.Profile(tx, a.Profile)
		return err
	})
	return r, profile, known, err
}

// examine reads the file and gives every reason against it; cause is the trouble of a
// file that can't be opened. What is accepted at once isn't decoded here: it would be
// on its way later by as long as that takes, and the scaling worker finds it out
// anyway. The error is the site's, not the photograph's.
func (d *Door) examine(ctx context.Context, p *photo, profile Profile) (reasons []Reason, cause, err error) {
	info, err := rendition.Inspect(p.Data, d.PhotoLimits)
	if err == nil && p.approver == "" {
		err = d.check(ctx, p.Data, info)
	}
	switch f := fault.Of(err); {
	case f == nil:
	case f.Kind == fault.Invalid || f.Kind == fault.Unsupported || f.Kind == fault.TooLarge:
		return []Reason{{"file", f.Code, f.Message}}, err, nil
	default:
		return nil, nil, err
	}
	p.info = info
	if p.record, reasons, err = describe(*p); err != nil {
		return nil, nil, err
	}
	if !Whole(p.Data) {
		reasons = append(reasons, Reason{"file", "incomplete", "The file ends in the middle; please send it again."})
	}
	reasons = append(reasons, profile.reasons(p.bytes, info, p.record, d.DB.Now())...)
	if profile.RefuseAlike {
		alike, err := d.alike(ctx, *p)
		return append(reasons, alike...), nil, err
	}
	return reasons, nil, nil
}

// alike gives the reason against a photograph that looks like an earlier one. It scales the
// picture to see how it looks, which costs as much as the scaling that comes later.
func (d *Door) alike(ctx context.Context, p photo) ([]Reason, error) {
	release, err := d.Budget.Acquire(ctx, p.info.Cost)
	if err != nil {
		return nil, err
	}
	set, err := rendition.Make(p.Data, p.info)
	release()
	if err != nil {
		return nil, err
	}
	look, err := rendition.Look(set.Thumb)
	if err != nil {
		return nil, err
	}
	var found bool
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		_, corrects, err := picture.SameName(tx, p.Account, p.FileName, tx.Now.Add(-d.corrections()))
		if err != nil || corrects {
			return err // of course it looks the same
		}
		_, _, found, err = picture.Alike(tx, look, rendition.Alike, "")
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return []Reason{{"file", "alike", "The picture looks the same as one that is here already."}}, nil
}

// describe reads the metadata, of the sidecar too. Of a file whose metadata is damaged
// there is none; a sidecar that can't be read is a reason to refuse.
func describe(p photo) (r metadata.Record, reasons []Reason, err error) {
	r, err = metadata.Read(p.Data)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unsupported) {
		r, err = metadata.Record{}, nil
	}
	if err != nil || len(p.Sidecar) == 0 {
		return r, nil, err
	}
	beside, err := metadata.Sidecar(p.Sidecar)
	if fault.Is(err, fault.Invalid) {
		return r, []Reason{{"sidecar", fault.Of(err).Code, fault.Of(err).Message}}, nil
	}
	return metadata.Merge(r, beside), nil, err
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

// enter puts the photograph into the register.
func (d *Door) enter(tx *store.Tx, p photo) (Receipt, error) {
	n := picture.New{ID: picture.ID(store.NewID()), Origin: p.Origin, Account: p.Account, Name: cleanName(p.Name), Consent: p.Consent, Original: p.key,
		Type: p.info.Type, Width: p.info.Width, Height: p.info.Height, Bytes: p.bytes, FileName: p.FileName,
		Approver: p.approver, Approval: p.approval}
	r := Receipt{ID: n.ID, State: picture.Received, Version: 1}
	was, corrects, err := picture.SameName(tx, p.Account, p.FileName, tx.Now.Add(-d.corrections()))
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

func (d *Door) corrections() time.Duration {
	if d.Corrections <= 0 {
		return 7 * 24 * time.Hour
	}
	return d.Corrections
}

// fileNameMax is how long a file name may be, in bytes.
const fileNameMax = 255

// cleanFileName makes a sender's file name, with its folders, fit to be shown and compared:
// slashes, nothing above the top, no control characters.
func cleanFileName(name string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/")
	name = strings.TrimPrefix(path.Clean("/"+cleanText(name)), "/")
	if len(name) > fileNameMax {
		name = strings.TrimLeft(strings.ToValidUTF8(name[len(name)-fileNameMax:], ""), "/")
	}
	return name
}
