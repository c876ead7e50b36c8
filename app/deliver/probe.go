package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/store"
)

// probeLasts is how long a test may take.
const probeLasts = 20 * time.Second

// Probed is what came of a test.
type Probed struct {
	Took    time.Duration
	Receipt send.Receipt
	Removed bool        // the test picture was taken back
	Failure *send.Error // nil where it went well
}

// Probe sends a small test card to a subscriber at once, past its queue, limits and
// breaker, and takes it back where that is allowed. It says whether what was entered
// works; it changes nothing but the host key, which is pinned as with any first
// connection. Its errors are NotFound no_destination; Conflict no_probe, where the
// receiver would fetch the picture by a link; Internal lost_key.
func (o *Office) Probe(ctx context.Context, subscriber string) (p Probed, err error) {
	var d Destination
	var t send.Target
	err = o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if d, _, err = GetDestination(tx, subscriber); err == nil {
			t, err = Target(tx, o.Box, subscriber)
		}
		return err
	})
	if err != nil {
		return p, err
	}
	if t.Style == send.Link && (t.URL.Scheme == "https" || t.URL.Scheme == "http") {
		return p, fault.New(fault.Conflict, "no_probe", "A receiver that fetches pictures by links can’t be tested with a picture that isn’t kept.")
	}
	t.Pin = func(hostKey string) error {
		return o.DB.Write(ctx, func(tx *store.Tx) error { return Pin(tx, subscriber, d.URL, hostKey) })
	}
	parcel, err := testCard()
	if err != nil {
		return p, err
	}
	began := time.Now()
	ctx, stop := context.WithTimeout(ctx, probeLasts)
	defer stop()
	err = o.probe(ctx, t, parcel, d.MayDelete, &p)
	p.Took = time.Since(began)
	if err != nil && !errors.As(err, &p.Failure) {
		p.Failure = &send.Error{Kind: send.Ours, Message: "The test went wrong here.", Cause: err}
	}
	return p, nil
}

func (o *Office) probe(ctx context.Context, t send.Target, parcel send.Parcel, remove bool, p *Probed) error {
	s, err := o.Open(ctx, t)
	if err != nil {
		return err
	}
	defer func() {
		if err := s.Close(); err != nil {
			o.Log.Debug("a connection did not close well", "error", err)
		}
	}()
	if p.Receipt, err = s.Send(ctx, parcel); err != nil || !remove {
		return err
	}
	_, err = s.Recall(ctx, send.Recall{ID: parcel.Delivery + "-back", Delivery: parcel.Delivery, Picture: parcel.Picture, Reason: "It was a test.", Remote: p.Receipt.Remote, Delete: true})
	p.Removed = err == nil
	return nil // it came; that it stays there is no failure of what was tested
}

// testCard is a small picture of bars.
func testCard() (send.Parcel, error) {
	m := image.NewRGBA(image.Rect(0, 0, 160, 90))
	bars := []color.RGBA{{255, 84, 54, 255}, {255, 210, 61, 255}, {95, 227, 179, 255}, {255, 156, 203, 255}, {20, 12, 32, 255}}
	for y := range 90 {
		for x := range 160 {
			m.SetRGBA(x, y, bars[x/32])
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		return send.Parcel{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	return send.Parcel{Delivery: "test-" + store.NewID(), Picture: "test", Version: 1, Kind: string(First), Name: "oneframe-test.jpg", ContentType: "image/jpeg",
		Size: int64(b.Len()), SHA256: hex.EncodeToString(sum[:]), Metadata: []byte(`{"headline":"A test of oneframe"}`),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}, nil
}
