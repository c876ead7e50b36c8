package app

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// What a story can say of a clip's versions.

func (s *stage) keeps(w []string) string {
	n, err := strconv.Atoi(w[0])
	if err != nil {
		s.Fatal(err)
	}
	s.App.Studio.Keep = n
	return ""
}

func (s *stage) askVersion(w []string) string {
	s.Helper()
	return s.call("POST", "/api/v1/clips/"+s.clip+"/versions/"+w[0]+"/join", "", nil, nil)
}

func (s *stage) askGrowth([]string) string {
	s.Helper()
	return s.call("POST", "/api/v1/clips/"+s.clip+"/growth", "", nil, nil)
}

func (s *stage) makeHistory([]string) string {
	s.Helper()
	s.until(s.App.Studio.StepStills)
	s.until(s.App.Studio.StepHistory)
	return ""
}

// version asks how one stands.
func (s *stage) version(number string) (v struct {
	State    string
	VideoURL string `json:"video_url"`
}) {
	s.Helper()
	if code := s.call("GET", "/api/v1/clips/"+s.clip+"/versions/"+number, "", nil, &v); code != "" {
		s.Fatalf("version %s: %s", number, code)
	}
	return v
}

func (s *stage) versionIs(w []string) string {
	s.Helper()
	if got := s.version(w[0]).State; got != w[1] {
		return "it is " + got
	}
	return ""
}

func (s *stage) versionShows(version, number, name string) string {
	s.Helper()
	v := s.version(version)
	if v.VideoURL == "" {
		return "it is " + v.State
	}
	return s.filmShows(v.VideoURL, number, name)
}

func (s *stage) growthIs(w []string) string {
	s.Helper()
	var g struct{ State string }
	if code := s.call("GET", "/api/v1/clips/"+s.clip+"/growth", "", nil, &g); code != "" || g.State != w[0] {
		return "it is " + g.State + code
	}
	return ""
}

// posterShows compares the poster that the clip's API names with the original's.
func (s *stage) posterShows(w []string) string {
	s.Helper()
	var c struct {
		PosterURL string `json:"poster_url"`
	}
	s.call("GET", "/api/v1/clips/"+s.clip, "", nil, &c)
	resp, err := http.Get(c.PosterURL)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	file := filepath.Join(s.TempDir(), "poster.jpg")
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		s.Fatal(err)
	}
	d := distance(s.tinyOf(file, 0), s.tinyOf(s.App.Importer.Library.Poster(s.clip), 0))
	if (d > 20) != (w[0] == "a frame") {
		return "it differs from the original's by " + strconv.Itoa(int(d))
	}
	return ""
}
