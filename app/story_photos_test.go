package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// photoVerbs are the words of photographers and the register.
func photoVerbs() []verb {
	return []verb{
		says(`(\w+) is a photographer`, func(s *stage, w []string) string { s.hire(w[0], people.Photographer); return "" }),
		says(`(\w+) is trusted`, (*stage).trust),
		says(`a photograph must have (.+)`, (*stage).mustHave),
		says(`(\w+) photographs (\S+) as (\S+)`, (*stage).photograph),
		says(`(\w+)'s (\S+\.jpg) is (\w+)`, (*stage).photoIs),
		says(`(\w+)'s (\S+\.jpg) has (\d+) versions?`, (*stage).versionsAre),
		says(`(\w+)'s (\S+\.jpg) looks like (\w+)'s (\S+\.jpg)`, (*stage).looksLike),
		says(`(\w+) (accept|reject)s (\w+)'s (\S+\.jpg)(?:: (.*))?`, (*stage).settlePhoto),
		says(`(\w+) corrects (\w+)'s (\S+\.jpg): (.+)`, (*stage).correct),
		says(`(\w+) refuses (\w+)'s (\S+\.jpg) for good`, (*stage).dismiss),
		says(`(\w+) finds (\d+) pictures?(?: with (.*))?`, (*stage).finds),
		says(`(\w+) judges (\w+)'s (\S+\.jpg): (nudity|nobody)`, func(s *stage, w []string) string { return s.judge([]string{w[0], w[1] + " " + w[2], w[3]}) }),
		says(`(\w+) has nothing to judge`, (*stage).nothingToJudge),
		says(`(\S+) lies in (\w+)'s folder as (\S+)`, (*stage).layDown),
		says(`the folder is looked at`, (*stage).lookAtFolder),
		says(`the folder has (.+)`, (*stage).folderHas),
		says(`the quarantine is swept`, (*stage).sweep),
	}
}

func (s *stage) accountID(name string) string {
	s.Helper()
	all, err := s.App.People.List(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	i := slices.IndexFunc(all, func(a people.Account) bool { return a.Name == name })
	if i < 0 {
		s.Fatalf("nobody is called %s", name)
	}
	return all[i].ID
}

func (s *stage) trust(w []string) string {
	if err := s.App.Door.Assign(s.Context(), ingest.Assignment{Account: s.accountID(w[0]), Trusted: true}); err != nil {
		s.Fatal(err)
	}
	return ""
}

func (s *stage) mustHave(w []string) string {
	s.App.Door.Default.Required = nil
	if w[0] != "nothing" {
		s.App.Door.Default.Required = strings.Split(w[0], ", ")
	}
	return ""
}

// photograph sends a file of the test data under a name, and gives every reason against it.
// Under copied/ it is the same picture in other bytes.
func (s *stage) photograph(w []string) string {
	s.Helper()
	data := s.photoData(w[1])
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", w[2])
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		s.Fatal(err)
	}
	req := s.request("POST", "/api/v1/pictures", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+s.who(w[0]).token)
	resp, err := s.server.Client().Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		ID, Code  string
		Duplicate bool
		Reasons   []ingest.Reason
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		s.Fatal(err)
	}
	if got.ID != "" {
		s.who(w[0] + " " + w[2]).frame = got.ID
	}
	var why []string
	for _, r := range got.Reasons {
		why = append(why, strings.TrimSpace(r.Field+" "+r.Code))
	}
	switch {
	case len(why) > 0:
		return strings.Join(why, ", ")
	case got.Duplicate:
		return "duplicate"
	}
	return got.Code
}

func (s *stage) photoData(name string) []byte {
	s.Helper()
	copied, isCopy := strings.CutPrefix(name, "copied/")
	if !strings.Contains(copied, "/") {
		copied = "photos/" + copied
	}
	data, err := os.ReadFile(testdata.Path(s, copied))
	if err != nil {
		s.Fatal(err)
	}
	if isCopy {
		data = append(data, 0)
	}
	return data
}

func (s *stage) photoOf(who, file string) picture.Picture {
	s.Helper()
	return s.pictureOf(who + " " + file)
}

func (s *stage) photoIs(w []string) string {
	s.Helper()
	if w[2] == "refused" {
		var h ingest.Held
		err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
			h, err = ingest.HeldOne(tx, s.who(w[0]+" "+w[1]).frame)
			return err
		})
		if err != nil {
			return err.Error()
		}
		return map[bool]string{false: "it is " + h.State}[h.State == "held"]
	}
	if got := string(s.photoOf(w[0], w[1]).State); got != w[2] {
		return "it is " + got
	}
	return ""
}

func (s *stage) versionsAre(w []string) string {
	s.Helper()
	var all []picture.Version
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
		all, err = picture.Versions(tx, s.photoOf(w[0], w[1]).ID)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	if strconv.Itoa(len(all)) != w[2] {
		return fmt.Sprintf("it has %d", len(all))
	}
	return ""
}

func (s *stage) looksLike(w []string) string {
	s.Helper()
	var first picture.ID
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) {
		first, _, err = picture.LooksLike(tx, s.photoOf(w[0], w[1]).ID)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	if first != s.photoOf(w[2], w[3]).ID {
		return "it looks like " + string(first)
	}
	return ""
}

func (s *stage) settlePhoto(w []string) string {
	s.Helper()
	return s.call("POST", "/api/v1/frames/"+s.who(w[2]+" "+w[3]).frame+"/verdict", s.who(w[0]).token,
		map[string]string{"verdict": w[1] + "ed", "reason": w[4]}, nil)
}

// correct does what the quarantine's page does; the corrections are field=value, with
// semicolons between.
func (s *stage) correct(w []string) string {
	s.Helper()
	id := s.who(w[1] + " " + w[2]).frame
	var h ingest.Held
	err := s.App.DB.Read(s.Context(), func(tx *store.Tx) (err error) { h, err = ingest.HeldOne(tx, id); return err })
	if err != nil {
		s.Fatal(err)
	}
	for one := range strings.SplitSeq(w[3], "; ") {
		name, value, _ := strings.Cut(one, "=")
		f, known := metadata.FieldOf(name)
		if !known {
			s.Fatalf("there is no field %q", name)
		}
		if err := f.Set(&h.Record, value); err != nil {
			s.Fatal(err)
		}
	}
	r, err := s.App.Door.Release(s.Context(), id, h.Record, "account:"+s.accountID(w[0]), false)
	if err != nil {
		return err.Error()
	}
	s.who(w[1] + " " + w[2]).frame = string(r.ID)
	return ""
}

func (s *stage) dismiss(w []string) string {
	s.Helper()
	if err := s.App.Door.Dismiss(s.Context(), s.who(w[1]+" "+w[2]).frame, "account:"+s.accountID(w[0])); err != nil {
		return err.Error()
	}
	return ""
}

func (s *stage) finds(w []string) string {
	s.Helper()
	var got struct{ Items []struct{ ID string } }
	if code := s.call("GET", "/api/v1/pictures?q="+url.QueryEscape(w[2]), s.who(w[0]).token, nil, &got); code != "" {
		return code
	}
	if strconv.Itoa(len(got.Items)) != w[1] {
		return fmt.Sprintf("it is %d", len(got.Items))
	}
	return ""
}

func (s *stage) nothingToJudge(w []string) string {
	s.Helper()
	var got struct{ Items []struct{ Frame string } }
	if code := s.call("GET", "/api/v1/judgments/next", s.who(w[0]).token, nil, &got); code != "" {
		return code
	}
	if len(got.Items) > 0 {
		return fmt.Sprintf("there are %d", len(got.Items))
	}
	return ""
}

func (s *stage) layDown(w []string) string {
	s.Helper()
	if s.App.Folder.Dir == "" {
		s.App.Folder.Dir = s.TempDir()
		s.App.Config.Folder.Account = w[1]
	}
	path := filepath.Join(s.App.Folder.Dir, w[2])
	if err := os.WriteFile(path, s.photoData(w[0]), 0o640); err != nil {
		s.Fatal(err)
	}
	return ""
}

// lookAtFolder looks twice, since a file is taken when it is the same both times.
func (s *stage) lookAtFolder([]string) string {
	s.Helper()
	for range 2 {
		s.clock.pass(10 * time.Second)
		if _, err := s.App.Folder.Step(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
	return ""
}

func (s *stage) folderHas(w []string) string {
	s.Helper()
	for name := range strings.SplitSeq(w[0], ", ") {
		if _, err := os.Stat(filepath.Join(s.App.Folder.Dir, name)); err != nil {
			return err.Error()
		}
	}
	return ""
}

// sweep does what the night does to the quarantine and the files.
func (s *stage) sweep([]string) string {
	s.Helper()
	if err := s.App.Sweep(s.Context()); err != nil {
		s.Fatal(err)
	}
	return ""
}
