package send

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
)

// attach makes the request a form (RFC 7578) of the message, a sidecar where there is one,
// and the picture, which is streamed: the length is known beforehand.
func attach(req *http.Request, p Parcel, msg []byte, pulse *pulse) (*content, error) {
	var around bytes.Buffer
	form := multipart.NewWriter(&around)
	part := func(name, file, mime string, data []byte) error {
		h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="message"`}, "Content-Type": {mime}}
		if file != "" {
			h.Set("Content-Disposition", multipart.FileContentDisposition(name, path.Base(file)))
		}
		w, err := form.CreatePart(h)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	err := part("message", "", "application/json", msg)
	if f := p.Sidecar; f != nil && err == nil {
		err = part("sidecar", f.Name, f.ContentType, f.Data)
	}
	if err == nil {
		err = part("picture", p.Name, p.ContentType, nil)
	}
	before := around.Len()
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return nil, &Error{Kind: Ours, Message: "The message can't be written.", Cause: err}
	}
	c, err := p.open(pulse)
	if err != nil {
		return nil, err
	}
	head, tail := around.Bytes()[:before], around.Bytes()[before:]
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.ContentLength = int64(around.Len()) + p.Size
	req.GetBody = nil // the picture can't be read twice at once
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), c, bytes.NewReader(tail)), c}
	return c, nil
}

// size is 0 of none.
func (f *File) size() int64 {
	if f == nil {
		return 0
	}
	return int64(len(f.Data))
}
