package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/ingest"
	"oneframe/app/picture"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/store"
)

// sentJSON is what a contributor learns of a frame that was just received.
type sentJSON struct {
	ID        picture.ID    `json:"id"`
	Clip      string        `json:"clip"`
	Slot      int           `json:"slot"`
	State     picture.State `json:"state"`
	PageURL   string        `json:"page_url"`
	ManageURL string        `json:"manage_url"` // the contributor's own link; nobody can find it again
}

func (s *Server) sendFrame(c echo.Context) error {
	f, err := readForm(c, "photo", s.Importer.Incoming)
	if err != nil {
		return err
	}
	defer f.discard()
	up, err := s.upload(c, f)
	if err != nil {
		return err
	}
	receipt, err := s.accept(c.Request().Context(), f, up)
	if err != nil {
		return err
	}
	if _, token := bearer(c.Request()); !token {
		if err := s.Desk.Sent(c.Request().Context(), s.known(c), receipt.ID); err != nil {
			return err
		}
	}
	base := s.base(c)
	return c.JSON(http.StatusCreated, sentJSON{
		ID: receipt.ID, Clip: receipt.Slot.Clip, Slot: receipt.Slot.Number, State: receipt.State,
		PageURL: base + "/f/" + string(receipt.ID), ManageURL: base + "/m/" + receipt.Secret,
	})
}

// upload reads what the form says about its photo; the photo itself is left on the disk.
func (s *Server) upload(c echo.Context, f *form) (up ingest.Upload, err error) {
	if f.file == nil {
		return up, missing("photo")
	}
	a, _ := s.account(c)
	up = ingest.Upload{Origin: origin(f.fields["origin"]), Lease: slot.Token(c.Param("token")), Account: a.ID, Name: f.fields["name"]}
	if f.fields["consent"] == "true" {
		up.Consent = s.ConsentVersion
	}
	return up, nil
}

// origin is the door that a frame came by: our page says webcam or upload, a program
// says nothing.
func origin(said string) string {
	if said == "webcam" || said == "upload" {
		return said
	}
	return "api"
}

// accept hands the photo over. So many visitors may send at once; what is in memory
// of theirs stays within uploadMemory, the rest wait their turn.
func (s *Server) accept(ctx context.Context, f *form, up ingest.Upload) (ingest.Receipt, error) {
	size := min(f.size, uploadMemory)
	if err := s.uploads.Acquire(ctx, size); err != nil {
		return ingest.Receipt{}, err
	}
	defer s.uploads.Release(size)
	var err error
	if up.Data, err = io.ReadAll(f.file); err != nil {
		return ingest.Receipt{}, err
	}
	return s.Door.Accept(ctx, up)
}

// importJSON is a video on its way in.
type importJSON struct {
	ID       string  `json:"id"`
	Clip     string  `json:"clip"`
	Title    string  `json:"title"`
	State    string  `json:"state"`
	Progress float64 `json:"progress"`     // 0 to 1
	Left     *int    `json:"seconds_left"` // nil where it can't be told
	Code     *string `json:"code"`         // of a refusal or failure
	Error    *string `json:"error"`        // a sentence for a person
}

func tellImport(i source.Import, now time.Time) importJSON {
	var seconds *int
	if left, known := i.Left(now); known {
		n := int(left.Seconds() + 0.5)
		seconds = &n
	}
	return importJSON{Left: seconds, ID: i.ID, Clip: i.Slug, Title: i.Title, State: string(i.State), Progress: i.Progress,
		Code: orNull(i.Code), Error: orNull(i.Error)}
}

// uploadClip receives an original video and queues its import.
func (s *Server) uploadClip(c echo.Context) error {
	f, err := readForm(c, "video", s.Importer.Incoming)
	if err != nil {
		return err
	}
	defer f.discard()
	req, err := s.importOf(f)
	if err != nil {
		return err
	}
	if req.File, err = f.take("import-" + store.NewID()); err != nil {
		return err
	}
	id, err := s.Importer.Queue(c.Request().Context(), req)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base(c)+"/api/v1/imports/"+id)
	return s.sendImport(c, http.StatusAccepted, id)
}

// importOf reads what the form says about its video.
func (s *Server) importOf(f *form) (req source.Request, err error) {
	if f.file == nil {
		return req, missing("video")
	}
	if req.Slug, err = f.need("slug"); err != nil {
		return req, err
	}
	if req.Title, err = f.need("title"); err != nil {
		return req, err
	}
	if req.Hold, err = f.number("hold"); err != nil {
		return req, err
	}
	if ranges := strings.TrimSpace(f.fields["ranges"]); ranges != "" {
		req.Ranges, err = source.ParseRanges(ranges)
	}
	return req, err
}

func (s *Server) getImport(c echo.Context) error {
	return s.sendImport(c, http.StatusOK, c.Param("id"))
}

func (s *Server) sendImport(c echo.Context, status int, id string) error {
	var i source.Import
	var now time.Time
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) (err error) {
		now = tx.Now
		i, err = source.ImportByID(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(status, tellImport(i, now))
}

func (s *Server) cancelImport(c echo.Context) error {
	if err := s.Importer.Cancel(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
