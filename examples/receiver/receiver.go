package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// receiver takes messages. Its methods may be called from any goroutine.
type receiver struct {
	keys  [][]byte
	shelf *shelf
	fetch *http.Client
}

// message is what is signed.
type message struct {
	Type string `json:"type"`
	Data struct {
		Delivery string   `json:"delivery"`
		Name     string   `json:"name"`
		Size     int64    `json:"size"`
		SHA256   string   `json:"sha256"`
		URL      string   `json:"url"`
		Delete   bool     `json:"delete"` // of a recall
		Reason   string   `json:"reason"`
		Sidecar  *sidecar `json:"sidecar"`
	} `json:"data"`
}

type sidecar struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Data   []byte `json:"data"`
}

const messageMost = 1 << 20

// errBad is the sender's fault: the same again would fail in the same way.
var errBad = errors.New("bad request")

func (r *receiver) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /pictures", r.take)
	return m
}

// verify is all that the signature takes. Signed is "{id}.{timestamp}.{message}", where the
// message is the whole body, or the first part of a form.
func (r *receiver) verify(h http.Header, msg []byte, now time.Time) bool {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	right := false
	for _, key := range r.keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, stamp, msg)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, given := range strings.Fields(h.Get("webhook-signature")) {
			right = hmac.Equal([]byte(given), []byte(want)) || right
		}
	}
	return right && err == nil && now.Sub(time.Unix(unix, 0)).Abs() <= 5*time.Minute
}

// take answers a message: 201 for what is stored, 200 for what had been, 401 where the
// signature is not right or too old, 400 for what can't be read or arrived changed, and
// 500 where the folder can't be written: then it comes again.
func (r *receiver) take(w http.ResponseWriter, q *http.Request) {
	msg, form, err := open(q)
	if err == nil && !r.verify(q.Header, msg, time.Now()) {
		http.Error(w, "the signature is not right, or older than five minutes", http.StatusUnauthorized)
		return
	}
	var m message
	if err == nil {
		err = json.Unmarshal(msg, &m)
	}
	if err != nil || !named(m.Data.Delivery) {
		http.Error(w, "this is no message of a delivery", http.StatusBadRequest)
		return
	}
	stamp, _ := strconv.ParseInt(q.Header.Get("webhook-timestamp"), 10, 64) // verify has read it
	release := r.shelf.lock(m.Data.Delivery)
	defer release()
	switch m.Type {
	case "picture.recalled":
		log.Printf("delivery %s is recalled: %q", m.Data.Delivery, m.Data.Reason)
		if m.Data.Delete {
			err = r.shelf.recall(m.Data.Delivery, stamp)
		}
		if err == nil {
			w.WriteHeader(http.StatusNoContent)
		}
	case "picture.delivered":
		var had bool
		if had, err = r.shelf.has(m.Data.Delivery, q.Header.Get("webhook-id"), stamp); err == nil && had {
			w.WriteHeader(http.StatusOK)
		} else if err == nil {
			if err = r.store(m, form, q.Header.Get("webhook-id")); err == nil {
				w.WriteHeader(http.StatusCreated)
			}
		}
	default:
		w.WriteHeader(http.StatusNoContent) // of a later version of oneframe
	}
	if err != nil {
		log.Printf("delivery %s: %v", m.Data.Delivery, err)
		status := http.StatusInternalServerError
		if errors.Is(err, errBad) {
			status = http.StatusBadRequest
		}
		http.Error(w, err.Error(), status)
	}
}

// open reads the message, and stops before the parts that follow it in a form.
func open(q *http.Request) (msg []byte, form *multipart.Reader, err error) {
	body := io.Reader(q.Body)
	kind, params, _ := mime.ParseMediaType(q.Header.Get("Content-Type")) // "" is no form
	if kind == "multipart/form-data" {
		form = multipart.NewReader(q.Body, params["boundary"])
		part, err := form.NextPart()
		if err != nil {
			return nil, nil, err
		}
		body = part
	}
	msg, err = io.ReadAll(io.LimitReader(body, messageMost+1))
	if err == nil && len(msg) > messageMost {
		err = errors.New("the message is too large")
	}
	return msg, form, err
}

// store keeps the sidecar, then the picture, and then notes that the message is done.
func (r *receiver) store(m message, form *multipart.Reader, id string) error {
	d := m.Data
	done := note{Message: id, Name: d.Name}
	if d.Sidecar != nil {
		done.Sidecar = d.Sidecar.Name
		content, err := r.next(form, "sidecar", "", d.Sidecar.Data)
		if err == nil {
			err = r.shelf.put(d.Delivery, d.Sidecar.Name, content, d.Sidecar.Size, d.Sidecar.SHA256)
		}
		if err != nil {
			return err
		}
	}
	content, err := r.next(form, "picture", d.URL, nil)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := r.shelf.put(d.Delivery, d.Name, content, d.Size, d.SHA256); err != nil {
		return err
	}
	return r.shelf.keep(d.Delivery, done)
}

// next gives the next part of a form, which must have the name; without a form, the data
// or what lies at the address.
func (r *receiver) next(form *multipart.Reader, name, url string, data []byte) (io.ReadCloser, error) {
	if form != nil {
		part, err := form.NextPart()
		if err != nil || part.FormName() != name {
			return nil, fmt.Errorf("%w: the part %s is missing", errBad, name)
		}
		return part, nil
	}
	if url == "" {
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	res, err := r.fetch.Get(url)
	if err == nil && res.StatusCode != http.StatusOK {
		res.Body.Close()
		err = fmt.Errorf("the picture's address answered %s", res.Status)
	}
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
