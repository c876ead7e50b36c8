package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"oneframe/app/deliver/order"
	"oneframe/app/deliver/send"
	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// linkLasts is how long a link leads to its picture; each try of a delivery has a new one.
const linkLasts = 24 * time.Hour

// Links are the addresses at which receivers fetch pictures whose destination has the style
// link. Nobody can make one for another delivery, version or instant. Its methods may be
// called from any goroutine.
type Links struct {
	DB    *store.DB
	Key   []byte // for HMAC-SHA256
	Base  string // the site's address, without a slash at its end
	Maker *order.Maker
}

// Link gives the address of a delivery's picture in a version, and when it ends.
func (l *Links) Link(delivery string, version int) (address string, until time.Time) {
	until = l.DB.Now().Add(linkLasts).Truncate(time.Second)
	v, unix := strconv.Itoa(version), strconv.FormatInt(until.Unix(), 10)
	return l.Base + "/api/v1/deliveries/" + url.PathEscape(delivery) + "/picture?" +
		url.Values{"version": {v}, "until": {unix}, "signature": {l.signature(delivery, v, unix)}}.Encode(), until
}

func (l *Links) signature(delivery, version, unix string) string {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte(delivery + "\n" + version + "\n" + unix))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Open gives what a link leads to, made to the subscriber's order, from the texts of its
// address. Its errors: NotFound no_link; Gone link_ended where the instant is past, the
// picture was taken back or there is a newer version; Busy not_made where it may be made
// later.
func (l *Links) Open(ctx context.Context, delivery, version, unix, signature string) (p send.Parcel, err error) {
	if !hmac.Equal([]byte(signature), []byte(l.signature(delivery, version, unix))) {
		return p, fault.New(fault.NotFound, "no_link", "This link is not one that was given out.")
	}
	until, err := strconv.ParseInt(unix, 10, 64)
	if err != nil || !l.DB.Now().Before(time.Unix(until, 0)) {
		return p, ended()
	}
	var j order.Job
	if err := l.DB.Read(ctx, func(tx *store.Tx) (err error) { j, err = wanted(tx, delivery, version); return err }); err != nil {
		return p, err
	}
	if p, err = l.Maker.Make(ctx, j); err == nil {
		return p, nil
	}
	if kind := send.KindOf(err); kind == send.Refused || kind == send.Hopeless {
		return p, fault.Wrap(err, fault.Gone, "link_ended", "The picture can't be made as it was ordered any more.")
	}
	later := fault.Wrap(err, fault.Busy, "not_made", "The picture can't be made just now; please try again later.")
	later.RetryAfter = time.Minute
	return p, later
}

func ended() error { return fault.New(fault.Gone, "link_ended", "This link has ended.") }

// wanted says how a delivery's picture is made, while the subscriber is meant to have it.
func wanted(tx *store.Tx, delivery, version string) (j order.Job, err error) {
	rows, err := store.Each(tx, scan, `SELECT `+columns+` FROM deliver_delivery WHERE id = $1`, delivery)
	if err != nil {
		return j, err
	}
	if len(rows) == 0 || rows[0].State == Cancelled || rows[0].State == Recalled || strconv.Itoa(rows[0].Version) != version {
		return j, ended()
	}
	d := rows[0]
	to, found, err := GetDestination(tx, d.Subscriber)
	if err == nil && !found {
		err = ended()
	}
	var spec order.Spec
	if err == nil {
		spec, err = order.ParseSpec(to.Made)
	}
	var of picture.Picture
	if err == nil {
		of, err = picture.Get(tx, d.Picture)
	}
	var says metadata.Record
	if err == nil {
		says, err = picture.Metadata(tx, d.Picture)
	}
	return order.Job{Delivery: d.ID, Subscriber: d.Subscriber, Kind: string(d.Kind), Picture: of, Record: says, Version: d.Version, Spec: spec}, err
}
