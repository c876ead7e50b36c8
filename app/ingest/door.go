package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/rendition"
	"oneframe/app/slot"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// patience is how long a visitor waits for memory before being asked to come again.
const patience = 10 * time.Second

// Door takes pictures in. Its methods may be called from any goroutine.
type Door struct {
	DB        *store.DB
	Originals *vault.Vault
	Budget    *rendition.Budget
	Limits    rendition.Limits
	Patience  time.Duration // how long to wait for the budget; 0 means 10 s

	// Of photographs, which come without a lease:
	PhotoLimits rendition.Limits
	Default     Rules         // the profile of accounts that have no other
	Trust       bool          // accounts that nobody assigned are trusted: their pictures are accepted at once
	Quarantine  time.Duration // how long a refused one is kept; 0 means a week
	Corrections time.Duration // how long after a picture another one of its file name corrects it; 0 means a week
}

// Upload is a picture as it arrives.
type Upload struct {
	Data    []byte
	Origin  string     // webcam, upload or api; a photograph's is api, ftp or folder
	Lease   slot.Token // of the slot that it fills; a photograph fills none
	Account string     // id of who sends it; may be empty
	Name    string     // as the contributor wrote it; may be empty
	Consent string     // version of the text that was agreed to; photographs need none

	// Of a photograph:
	FileName string // with the folders that its sender put it in
	Sidecar  []byte // XMP that came beside it; may be nil
}

// Receipt is the promise that the picture is kept.
type Receipt struct {
	ID     picture.ID
	Secret string // of the contributor's own link; it is told only here
	Slot   slot.ID
	State  picture.State // received, or where it has come to when it was sent again

	Duplicate bool // a photograph: the very file was here before, and nothing was done
	Version   int  // of the photograph; above 1 it corrects an earlier one
}

// Accept takes a picture for the lease's slot. A nil error means that it survives a
// crash from now on; any error means that nothing was recorded and the lease is as it
// was. The same picture sent again with its used lease, because the reply was lost, gets
// the same receipt. Errors: Invalid consent_missing, bad_origin or broken_image, TooLarge
// too_many_bytes or too_many_pixels, Unsupported unsupported_type, those of slot.Look,
// Busy too_busy, Full disk_full. For photographs see acceptPhoto.
func (d *Door) Accept(ctx context.Context, u Upload) (Receipt, error) {
	if u.isPhoto() {
		return d.acceptPhoto(ctx, u)
	}
	info, err := d.inspect(ctx, u)
	if fault.Has(err, "lease_used") {
		return d.again(ctx, u, err)
	}
	if err != nil {
		return Receipt{}, err
	}
	if err := d.check(ctx, u.Data, info); err != nil {
		return Receipt{}, err
	}
	for {
		r, err := d.record(ctx, u, info)
		if fault.Has(err, "lease_used") {
			return d.again(ctx, u, err)
		}
		if !errors.Is(err, errForgotten) {
			return r, err
		}
	}
}

// secretOf is the secret of the contributor's link to the picture that fills a lease. It
// is drawn from the lease's own, which only the contributor holds, so that a receipt
// can be given again though neither is stored.
func secretOf(lease slot.Token) string {
	sum := sha256.Sum256([]byte("contributor's link\n" + lease))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

// again gives the receipt of a picture that was accepted before, or the refusal.
func (d *Door) again(ctx context.Context, u Upload, refusal error) (r Receipt, err error) {
	var p picture.Picture
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		p, err = picture.BySecret(tx, secretOf(u.Lease))
		return err
	})
	if fault.Is(err, fault.NotFound) || err == nil && p.Original != vault.KeyOf(u.Data) {
		return r, refusal
	}
	if p.State == picture.Withdrawn {
		return r, fault.New(fault.Gone, "withdrawn", "This picture was deleted by whoever sent it.")
	}
	return Receipt{ID: p.ID, Secret: secretOf(u.Lease), Slot: p.Slot, State: p.State}, err
}

// errForgotten says that the file was there already, and that the last picture that
// named it was withdrawn, and the file with it, before ours could be recorded.
var errForgotten = errors.New("the file was removed with another picture")

// record keeps the picture and fills its slot, or does neither.
func (d *Door) record(ctx context.Context, u Upload, info rendition.Info) (Receipt, error) {
	key, err := d.Originals.Put(ctx, u.Data)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{ID: picture.ID(store.NewID()), State: picture.Received}
	err = d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if !d.Originals.Has(key) {
			return errForgotten
		}
		if r.Slot, err = slot.Fill(tx, u.Lease); err != nil {
			return err
		}
		r.Secret, err = picture.Record(tx, picture.New{ID: r.ID, Secret: secretOf(u.Lease), Origin: u.Origin, Slot: r.Slot, Account: u.Account,
			Name: cleanName(u.Name), Consent: u.Consent, Original: key, Type: info.Type, Width: info.Width, Height: info.Height, Bytes: int64(len(u.Data))})
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// inspect refuses what can be refused without decoding.
func (d *Door) inspect(ctx context.Context, u Upload) (rendition.Info, error) {
	if u.Consent == "" {
		return rendition.Info{}, fault.New(fault.Invalid, "consent_missing", "Without your consent the picture can't be taken.")
	}
	if u.Origin != "webcam" && u.Origin != "upload" && u.Origin != "api" {
		return rendition.Info{}, fault.New(fault.Invalid, "bad_origin", "origin must be webcam, upload or api, not %q.", u.Origin)
	}
	info, err := rendition.Inspect(u.Data, d.Limits)
	if err != nil {
		return info, err
	}
	return info, d.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := slot.Look(tx, u.Lease)
		return err
	})
}

// check decodes the picture once, when there is memory for it.
func (d *Door) check(ctx context.Context, data []byte, info rendition.Info) error {
	wait := d.Patience
	if wait == 0 {
		wait = patience
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	release, err := d.Budget.Acquire(waiting, info.Cost)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		busy := fault.Wrap(err, fault.Busy, "too_busy", "Very many pictures are arriving right now. Please send yours again in a moment.")
		busy.RetryAfter = wait
		return busy
	}
	if err != nil {
		return err
	}
	defer release()
	return rendition.Check(data, info)
}
