package web

import (
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"oneframe/app/fault"
	"oneframe/app/store"
)

// healthz says that the process is alive.
func (s *Server) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says whether the site can do its work: read the database, write to the disk.
func (s *Server) readyz(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if err := s.ready(c); err != nil {
		s.log.Error("not ready", "cause", err)
		return c.String(http.StatusServiceUnavailable, "not ready\n")
	}
	return c.String(http.StatusOK, "ready\n")
}

func (s *Server) ready(c echo.Context) error {
	err := s.DB.Read(c.Request().Context(), func(tx *store.Tx) error {
		var one int
		return tx.QueryRow(`SELECT 1`).Scan(&one)
	})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.Importer.Incoming, "ready-*")
	if err != nil {
		return fault.Disk(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, 4096)); err != nil {
		return fault.Disk(err)
	}
	return nil
}

func notFound(err error) bool { return fault.Is(err, fault.NotFound) }
