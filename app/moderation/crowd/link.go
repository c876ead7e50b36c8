package crowd

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"oneframe/app/fault"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// Link gives the address at which the crowd's workers see a frame until the instant:
// nobody can make one for another frame, crowd or instant.
func (x *Exchange) Link(crowd string, frame picture.ID, until time.Time) string {
	unix := strconv.FormatInt(until.Unix(), 10)
	return x.Base + "/media/crowd/" + url.PathEscape(crowd) + "/" + url.PathEscape(string(frame)) + ".jpg?" +
		url.Values{"until": {unix}, "signature": {x.signature(crowd, frame, unix)}}.Encode()
}

func (x *Exchange) signature(crowd string, frame picture.ID, unix string) string {
	mac := hmac.New(sha256.New, x.Box.Key("crowd picture links"))
	mac.Write([]byte(crowd + "\n" + string(frame) + "\n" + unix))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Picture gives the frame that a link leads to, while the crowd is switched on and the
// frame is one that it judges. Its errors: Denied bad_link; Gone link_ended where the
// instant is past, the crowd is off, or the frame is settled or withdrawn.
func (x *Exchange) Picture(ctx context.Context, crowd string, frame picture.ID, unix, signature string) (p picture.Picture, err error) {
	if !hmac.Equal([]byte(signature), []byte(x.signature(crowd, frame, unix))) {
		return p, fault.New(fault.Denied, "bad_link", "This link is not one that was given out.")
	}
	ended := fault.New(fault.Gone, "link_ended", "This link has ended.")
	until, err := strconv.ParseInt(unix, 10, 64)
	if err != nil || !x.DB.Now().Before(time.Unix(until, 0)) {
		return p, ended
	}
	err = x.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := row(tx, crowd)
		if fault.Is(err, fault.NotFound) || err == nil && c.State != "on" {
			return ended
		}
		if err != nil {
			return err
		}
		found, worth, err := still(tx, message{kind: frameReady, frame: frame})
		if err == nil && !worth {
			return ended
		}
		p = found
		return err
	})
	return p, err
}
