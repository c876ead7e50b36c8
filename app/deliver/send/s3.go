package send

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"oneframe/app/outbound"
)

// amazon is the endpoint where an address names none.
const amazon = "https://s3.amazonaws.com"

// bucket puts objects into an S3-compatible store. The address is
//
//	s3://ACCESSKEYID@bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1
//
// and the secret is the secret access key. A single PUT shows the whole object or
// nothing; its SHA-256 is signed with it, so that the store refuses what arrives changed.
type bucket struct {
	client *minio.Core
	host   string
	name   string
	prefix string // "" or without slashes at its ends
	still  time.Duration
	close  func()
}

// openS3 connects with the first object.
func openS3(t Target, n Network) (*bucket, error) {
	q := t.URL.Query()
	at, err := url.Parse(first(q.Get("endpoint"), amazon))
	if err != nil || at.Host == "" {
		return nil, &Error{Kind: Hopeless, Message: "The endpoint of the address can't be read."}
	}
	if at.Scheme != "https" && !n.Private {
		return nil, &Error{Kind: Hopeless, Message: "The endpoint must begin with https://."}
	}
	if t.URL.User.Username() == "" || t.Secret == "" {
		return nil, &Error{Kind: Hopeless, Message: "The store needs an access key: its id as the user of the address, and its secret."}
	}
	wire := outbound.Transport(n.Private, 1)
	wire.IdleConnTimeout = 90 * time.Second
	wire.WriteBufferSize = 64 << 10
	c, err := minio.NewCore(at.Host, &minio.Options{
		Creds: credentials.NewStaticV4(t.URL.User.Username(), t.Secret, ""), Secure: at.Scheme == "https",
		Transport: wire, Region: first(q.Get("region"), "us-east-1"), MaxRetries: 1, // the office tries again
	})
	if err != nil {
		return nil, &Error{Kind: Hopeless, Message: "The address can't be used: " + tidy(err.Error()) + ".", Cause: err}
	}
	return &bucket{client: c, host: at.Host, name: t.URL.Host, prefix: elements(t.URL.Path), still: quiet, close: wire.CloseIdleConnections}, nil
}

// first gives the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (b *bucket) Close() error {
	b.close()
	return nil
}

// Send puts the sidecar and the picture.
func (b *bucket) Send(ctx context.Context, p Parcel) (r Receipt, err error) {
	ctx, pulse, stop := watch(ctx, b.still)
	defer stop()
	if f := p.Sidecar; f != nil {
		sum := sha256.Sum256(f.Data)
		err = again(ctx, func(ctx context.Context) (err error) {
			r.Sidecar, _, err = b.put(ctx, f.Name, f.ContentType, bytes.NewReader(f.Data), f.size(), hex.EncodeToString(sum[:]))
			return err
		})
		if err != nil {
			return Receipt{}, err
		}
	}
	err = again(ctx, func(ctx context.Context) error {
		c, err := p.open(pulse)
		if err != nil {
			return err
		}
		defer c.Close()
		r.Remote, r.Verified, err = b.put(ctx, p.Name, p.ContentType, c, p.Size, p.SHA256)
		if own := c.failed(); own != nil {
			return own
		}
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	r.Bytes = p.Size + p.Sidecar.size()
	r.Answer = "Stored."
	return r, nil
}

// put stores one object and compares what the store says of it: its ETag, which is the
// MD5 of an object that is put at once and not encrypted with a key service, else its size.
func (b *bucket) put(ctx context.Context, name, mime string, content io.Reader, size int64, sum string) (remote, verified string, err error) {
	key := path.Join(b.prefix, name)
	md := md5.New()
	info, err := b.client.PutObject(ctx, b.name, key, summed{content, md}, size, "", sum, minio.PutObjectOptions{
		ContentType: mime, DisableContentSha256: true}) // the sum is signed instead of each chunk's
	if err != nil {
		return "", "", b.failure(ctx, err)
	}
	remote = "s3://" + b.name + "/" + key
	if strings.EqualFold(info.ETag, hex.EncodeToString(md.Sum(nil))) {
		return remote, "md5", nil
	}
	there, err := b.client.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return "", "", b.failure(ctx, err)
	}
	if there.Size != size {
		return "", "", &Error{Kind: Down, Message: "The store holds another number of bytes than were sent."}
	}
	return remote, "size", nil
}

// summed adds what is read to the hash. It hides whatever else the reader can do.
type summed struct {
	io.Reader
	hash hash.Hash
}

func (s summed) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	_, _ = s.hash.Write(b[:n]) // never fails (hash.Hash)
	return n, err
}

// Recall deletes the objects, where that is allowed. One that is gone is no error in S3.
func (b *bucket) Recall(ctx context.Context, r Recall) (Receipt, error) {
	if !r.Delete {
		return Receipt{Answer: notDeleted}, nil
	}
	ctx, _, stop := watch(ctx, b.still)
	defer stop()
	if r.Remote == "" && r.Name != "" {
		r.Remote = "s3://" + b.name + "/" + path.Join(b.prefix, r.Name)
	}
	for _, remote := range []string{r.Remote, r.Sidecar} {
		if remote == "" {
			continue
		}
		key, ours := strings.CutPrefix(remote, "s3://"+b.name+"/")
		if !ours {
			return Receipt{}, &Error{Kind: Refused, Message: "The picture lies in another bucket than the destination's: " + tidy(remote) + "."}
		}
		if err := b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}); err != nil {
			return Receipt{}, b.failure(ctx, err)
		}
	}
	return Receipt{Remote: r.Remote, Sidecar: r.Sidecar, Answer: "Deleted."}, nil
}

// failure says what an error of the store means, by its code (Amazon S3's list of error
// codes) and, for others, by its status.
func (b *bucket) failure(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	said, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok || said.StatusCode == 0 {
		return unreachable(err, b.host)
	}
	e := &Error{Kind: Refused, Message: "The store refused it: " + tidy(first(said.Code, said.Message)) + ".", Answer: tidy(said.Code + " " + said.Message)}
	switch said.Code {
	case minio.AccessDenied, "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "XAdminUserNotFound", "AllAccessDisabled", "AccountProblem",
		"InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "EntityTooLarge", "QuotaExceeded", "XMinioStorageFull":
		e.Kind = Hopeless
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "RequestLimitExceeded", "TooManyRequests":
		e.Kind, e.Message = Busy, "The store asks to slow down."
	case "RequestTimeTooSkewed":
		e.Kind, e.Message = Ours, "The clocks of this machine and the store's are too far apart."
	case "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody":
		e.Kind, e.Message = Down, "The store received something else than was sent."
	default:
		switch {
		case said.StatusCode == 403 || said.StatusCode == 401 || said.StatusCode >= 300 && said.StatusCode < 400:
			e.Kind = Hopeless
		case said.StatusCode == 429 || said.StatusCode == 503:
			e.Kind = Busy
		case said.StatusCode >= 500 || said.StatusCode == 408:
			e.Kind = Down
		}
	}
	return e
}
