package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"oneframe/static"
)

// asset is one embedded static file.
type asset struct {
	content, zipped []byte // zipped is nil where it would not be smaller
	hash, mime      string
}

// loadAssets reads the static files, whose Go and hidden ones are not served.
func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	err := fs.WalkDir(static.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".go") {
			return err
		}
		content, err := fs.ReadFile(static.FS, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		zipped, err := zip(content, gzip.BestCompression)
		all[name] = asset{content, zipped, hex.EncodeToString(sum[:6]), mimeOf(name)}
		return err
	})
	return all, err
}

func mimeOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// zip compresses the content; nil where that saves less than a tenth.
func zip(content []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() > len(content)*9/10 {
		return nil, nil
	}
	return b.Bytes(), nil
}

// static is the address of a static file. It changes with the content, so that
// browsers may keep the file for good.
func (s *Server) static(name string) string {
	return "/static/" + name + "?v=" + s.assets[name].hash
}

func (s *Server) asset(c echo.Context) error {
	a, ok := s.assets[c.Param("*")]
	if !ok {
		return echo.ErrNotFound
	}
	h := c.Response().Header()
	h.Set("Content-Type", a.mime)
	if c.QueryParam("v") == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Vary", "Accept-Encoding")
	body, tag := a.content, `"`+a.hash+`"`
	if a.zipped != nil && takesGzip(c.Request()) {
		h.Set("Content-Encoding", "gzip")
		body, tag = a.zipped, `"`+a.hash+`-gz"`
	}
	h.Set("ETag", tag)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(body))
	return nil
}

// takesGzip reports whether the browser said that it can read gzip.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
