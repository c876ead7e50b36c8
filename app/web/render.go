package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"oneframe/app/people"
	"oneframe/templates"
)

// Layout is what every page has. Each page's data embeds it as its first field.
type Layout struct {
	Title       string
	Description string // for search engines and link previews
	Image       string // absolute address of a preview picture
	Account     *people.Account
	CSRF        string // for the hidden field _csrf, and the header X-CSRF-Token
	Nav         string // which entry of the navigation is the present one
	Flash       string // what the page before has to say
	Base        string // the site's address, without a trailing slash
	Path        string // of this page
}

// layout makes what every page has.
func (s *Server) layout(c echo.Context, title string) Layout {
	l := Layout{Title: title, Flash: s.flash(c), Base: s.base(c), Path: c.Request().URL.Path}
	if a, ok := s.account(c); ok {
		l.Account = &a
	}
	l.CSRF, _ = c.Get("csrf").(string)
	return l
}

// page renders templates/<name>.html inside templates/layout.html. Nothing is sent
// where the template fails.
func (s *Server) page(c echo.Context, status int, name string, data any) error {
	t, ok := s.templates[name]
	if !ok {
		return fmt.Errorf("there is no template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return c.HTMLBlob(status, b.Bytes())
}

// loadTemplates parses each page together with the layout and the parts, whose names
// begin with an underscore.
func (s *Server) loadTemplates() (map[string]*template.Template, error) {
	shared, err := template.New("").Funcs(s.funcs()).ParseFS(templates.FS, "layout.html")
	if err != nil {
		return nil, err
	}
	if parts, _ := fs.Glob(templates.FS, "_*.html"); len(parts) > 0 {
		if shared, err = shared.ParseFS(templates.FS, parts...); err != nil {
			return nil, err
		}
	}
	files, err := fs.Glob(templates.FS, "*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || strings.HasPrefix(name, "_") {
			continue
		}
		t, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = t.ParseFS(templates.FS, file); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// funcs are what the templates can call.
func (s *Server) funcs() template.FuncMap {
	all := words()
	all["static"] = s.static
	return all
}
