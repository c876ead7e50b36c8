package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/slot"
	"oneframe/app/store"
)

// leaseJSON is a lease as the API tells it.
type leaseJSON struct {
	Token        slot.Token `json:"token"`
	Clip         string     `json:"clip"`
	Slot         int        `json:"slot"`
	Start        float64    `json:"start"` // seconds
	ReferenceURL string     `json:"reference_url"`
	ExpiresAt    time.Time  `json:"expires_at"`
}

func (s *Server) tellLease(c echo.Context, l slot.Lease) leaseJSON {
	return leaseJSON{Token: l.Token, Clip: l.Slot.Clip, Slot: l.Slot.Number, Start: seconds(l.Slot.Start),
		ReferenceURL: s.base(c) + posePath(l.Slot.ID), ExpiresAt: l.Expires.UTC()}
}

func (s *Server) takeLease(c echo.Context) error {
	var ask struct {
		Slot *int `json:"slot"`
	}
	if err := decode(c, &ask, true); err != nil {
		return err
	}
	number := 0
	if ask.Slot != nil {
		if number = *ask.Slot; number < 1 {
			return fault.New(fault.Invalid, "bad_slot", "Slots are numbered from 1 on.")
		}
	}
	var l slot.Lease
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) (err error) {
		l, err = slot.Take(tx, c.Param("slug"), number, s.Lease)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, s.tellLease(c, l))
}

func (s *Server) renewLease(c echo.Context) error {
	var l slot.Lease
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) (err error) {
		l, err = slot.Renew(tx, slot.Token(c.Param("token")), s.Lease)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.tellLease(c, l))
}

func (s *Server) releaseLease(c echo.Context) error {
	err := s.DB.Write(c.Request().Context(), func(tx *store.Tx) error {
		return slot.Release(tx, slot.Token(c.Param("token")))
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
