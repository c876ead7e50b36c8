package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/source"
	"oneframe/app/store"
)

// team opens a site with an admin, a moderator and three judges, and gives their sessions.
func team(t *testing.T) (s *site, boss, mod with, judges []with) {
	t.Helper()
	s = newSite(t)
	s.hire("boss", people.Admin)
	s.hire("mod", people.Moderator)
	for _, name := range []string{"ada", "grace", "edsger"} {
		s.hire(name, people.Judge)
		judges = append(judges, s.login(name))
	}
	return s, s.login("boss"), s.login("mod"), judges
}

func TestJudgingWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s, _, mod, judges := team(t)
	id, _ := s.contribute("Katja")
	s.scale()
	s.hire("joan", people.Judge)
	judges = append(judges, s.login("joan"))
	for i, answer := range []string{"5", "nobody", "3", "4"} {
		if got := s.frame(id); got.State != picture.Waiting {
			t.Errorf("after %d who don't agree: %s", i, got.State)
		}
		page := s.send("GET", "/judge", nil, judges[i]).Body.String()
		s.shows(page, `name="v-`+id+`" value="nudity"`, `value="nobody"`, `src="/clips/dance/poses/1.jpg"`)
		if strings.Contains(page, "Katja") {
			t.Error("a judge sees the contributor's name")
		}
		s.submits("/judge", "/judge", url.Values{"v-" + id: {answer}}, judges[i])
		s.shows(s.get(http.StatusOK, "/judge", judges[i]), "Nothing waits for you")
	}
	if got := s.frame(id); got.State != picture.Accepted || got.Score != 4 {
		t.Errorf("three of four said 5, 3 and 4: %s, score %v", got.State, got.Score)
	}
	s.shows(s.get(http.StatusOK, "/admin/frames/"+id, mod), "ada", "grace", "nobody posing", "the judges", "accepted")
	if rec := s.submit("/judge", url.Values{"v-" + id: {"6"}}, judges[0]); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("an answer that there isn't: %d", rec.Code)
	}
}

func TestNudityIsNoAnswerAboutThePose(t *testing.T) {
	t.Parallel()
	s, _, _, judges := team(t)
	id, _ := s.contribute("Katja")
	s.scale()
	for i, answer := range []string{"nudity", "nobody", "4"} {
		s.submits("/judge", "/judge", url.Values{"v-" + id: {answer}}, judges[i])
	}
	if got := s.frame(id); got.State != picture.Undecided {
		t.Errorf("three judges of three minds: %s", got.State)
	}
}

func TestAModeratorSettlesUndoesAndWithdraws(t *testing.T) {
	t.Parallel()
	s, _, mod, _ := team(t)
	id, _ := s.contribute("Katja")
	s.scale()
	page := "/admin/frames/" + id
	s.shows(s.get(http.StatusOK, "/admin/frames", mod), "being judged 1", "Katja")
	s.submits(page+"/verdict", page, url.Values{"verdict": {"rejected"}}, mod)
	if got := s.frame(id); got.State != picture.Waiting {
		t.Errorf("rejected without a reason: %s", got.State)
	}
	rec := s.submits(page+"/verdict", "/admin/frames?state=waiting", url.Values{"verdict": {"rejected"}, "reason": {"nudity"}, "other": {"a cat"}, "back": {"/admin/frames?state=waiting"}}, mod)
	if got := s.frame(id); got.State != picture.Rejected || got.Reason != "a cat" || s.slotOf(1).Filled != 0 {
		t.Errorf("rejected: %+v", got)
	}
	s.shows(s.get(http.StatusOK, "/admin/frames?state=waiting", mod, given(rec.Result())), "Frame 1 is rejected.")
	s.shows(s.get(http.StatusOK, page, mod), "Undo the decision", "a cat", "mod")
	s.submits(page+"/undo", page, url.Values{}, mod)
	if got := s.frame(id); got.State != picture.Waiting || s.slotOf(1).Filled != 1 {
		t.Errorf("undone: %+v", got)
	}
	s.shows(s.get(http.StatusOK, page, mod), "taken back by mod")
	s.submits(page+"/verdict", "/", url.Values{"verdict": {"accepted"}, "reason": {"nudity"}, "back": {"https://elsewhere.example/"}}, mod)
	for range 2 { // the second time it is so already
		s.submits(page+"/withdraw", page, url.Values{}, mod)
	}
	if table := s.send("GET", "/admin/export/audit.csv", nil, mod).Body.String(); strings.Count(table, ",withdrawn,"+id) != 1 {
		t.Errorf("a withdrawal is not once in the audit: %s", table)
	}
	if got := s.frame(id); got.State != picture.Withdrawn {
		t.Errorf("withdrawn: %s", got.State)
	}
	s.shows(s.get(http.StatusOK, page, mod), "no picture", "withdrawn")
	s.get(http.StatusNotFound, "/admin/frames?state=nonsense", mod)
	s.get(http.StatusNotFound, "/admin/frames/nonsense", mod)
}

func TestTheOverviewSaysWhatWaitsAndWhatFailed(t *testing.T) {
	t.Parallel()
	s, boss, _, _ := team(t)
	s.contribute("Katja")
	err := s.rooms.DB.Write(context.Background(), func(tx *store.Tx) error {
		all, _, err := picture.List(tx, picture.Query{})
		if err != nil {
			return err
		}
		return picture.Fail(tx, all[0].ID, "the scaler fell over")
	})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(s.get(http.StatusOK, "/admin", boss), "1 failed", "0 being judged", "0 of 12 filled", "none yet", "free on the disk")
	s.shows(s.get(http.StatusOK, "/admin/frames", boss), "the scaler fell over")
	s.render()
	s.shows(s.get(http.StatusOK, "/admin", boss), "done")
}

func TestClipsAreRenamedAndRendered(t *testing.T) {
	t.Parallel()
	s, boss, _, _ := team(t)
	s.shows(s.get(http.StatusOK, "/admin/clips", boss), "Dance", "on the home page", "320 × 180", "with sound")
	s.submits("/admin/clips/dance/rename", "/admin/clips", url.Values{"title": {"More is less"}}, boss)
	s.shows(s.get(http.StatusOK, "/"), "More is less")
	s.submits("/admin/clips/dance/render", "/admin/renders", url.Values{}, boss)
	s.shows(s.get(http.StatusOK, "/admin/renders", boss), "queued")
	s.render()
	s.shows(s.get(http.StatusOK, "/admin/renders", boss), "done", "shown now", "encoded")
	if rec := s.submit("/admin/clips/nowhere/render", url.Values{}, boss); rec.Code != http.StatusNotFound {
		t.Errorf("a render of nothing: %d", rec.Code)
	}
	s.submits("/admin/clips/dance/feature", "/admin/clips", url.Values{}, boss)
}

func TestAnImportThatFailedSaysWhy(t *testing.T) {
	t.Parallel()
	s, boss, _, _ := team(t)
	body, kind := upload(t, map[string]any{"video": []byte("no video at all"), "slug": "bad", "title": "Bad"})
	sent := s.want(http.StatusAccepted, "POST", "/api/v1/clips", body, kind, s.hire("robot", people.Admin))
	s.shows(s.get(http.StatusOK, "/admin/clips", boss), "Bad", "queued", "Stop it")
	if _, err := s.rooms.Importer.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	var i source.Import
	err := s.rooms.DB.Read(context.Background(), func(tx *store.Tx) (err error) {
		i, err = source.ImportByID(tx, sent["id"].(string))
		return err
	})
	if err != nil || i.State != source.Refused {
		t.Fatalf("%+v, %v", i, err)
	}
	s.shows(s.get(http.StatusOK, "/admin/clips", boss), "refused", i.Error)
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	s, boss, _, _ := team(t)
	s.submits("/admin/accounts", "/admin/accounts", url.Values{"name": {"linus"}, "password": {"a long password"}, "role": {"judge"}}, boss)
	rec := s.submit("/admin/accounts", url.Values{"name": {"LINUS"}, "password": {"a long password"}, "role": {"judge"}}, boss)
	s.shows(text(rec.Body.String()), "Somebody else has that name")
	s.shows(rec.Body.String(), `value="LINUS"`)
	linus := s.known("linus")
	page := "/admin/accounts/" + linus.ID
	s.submits(page, "/admin/accounts", url.Values{"role": {"moderator"}}, boss)
	s.get(http.StatusOK, "/admin/frames", s.login("linus"))
	rec = s.submit(page+"/tokens", url.Values{}, boss)
	_, secret, _ := strings.Cut(rec.Body.String(), `value="of_`)
	secret, _, _ = strings.Cut("of_"+secret, `"`)
	s.want(http.StatusOK, "GET", "/api/v1/judgments/next", nil, token(secret))
	if strings.Contains(s.send("GET", "/admin/accounts", nil, boss).Body.String(), secret) {
		t.Error("a token is shown a second time")
	}
	tokens, err := s.rooms.People.Tokens(context.Background(), linus.ID)
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%v, %v", tokens, err)
	}
	s.submits(page+"/tokens/"+tokens[0].ID+"/revoke", "/admin/accounts", url.Values{}, boss)
	s.refused(http.StatusUnauthorized, "bad_token", "GET", "/api/v1/judgments/next", nil, token(secret))
	session := s.login("linus")
	s.submits(page, "/admin/accounts", url.Values{"disabled": {"true"}}, boss)
	if rec := s.send("GET", "/judge", nil, session); rec.Code != http.StatusSeeOther {
		t.Errorf("a disabled account's session: %d", rec.Code)
	}
	s.submits(page, "/admin/accounts", url.Values{"disabled": {"false"}}, boss)
	s.submits(page, "/admin/accounts", url.Values{"password": {"another password"}}, boss)
	if _, _, err := s.rooms.People.Login(context.Background(), "linus", "another password"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	rec = s.submits("/admin/accounts/"+s.known("boss").ID, "/admin/accounts", url.Values{"role": {"judge"}}, boss)
	s.shows(s.get(http.StatusOK, "/admin/accounts", boss, given(rec.Result())), "last admin")
}

// known finds an account by its name.
func (s *site) known(name string) people.Account {
	s.Helper()
	all, err := s.rooms.People.List(context.Background())
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	s.Fatalf("nobody is called %s: %v", name, err)
	return people.Account{}
}

// given sends the message along that an answer left for the next page.
func given(answer *http.Response) with {
	return func(r *http.Request) {
		for _, k := range answer.Cookies() {
			if k.Name == "oneframe_flash" {
				r.AddCookie(k)
			}
		}
	}
}

// A photographer's SSH keys are let in and taken away at the account's card.
func TestKeysOfPhotographers(t *testing.T) {
	t.Parallel()
	s, boss, _, _ := team(t)
	s.submits("/admin/accounts", "/admin/accounts", url.Values{"name": {"ann"}, "password": {"a long password"}, "role": {"photographer"}}, boss)
	page := "/admin/accounts/" + s.known("ann").ID
	s.shows(s.get(http.StatusOK, "/admin/accounts", boss), "SSH keys, for SFTP (0)")
	rec := s.submit(page+"/keys", url.Values{"key": {"my key"}}, boss)
	s.shows(text(rec.Body.String()), "That is no SSH public key")
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@laptop"
	s.submits(page+"/keys", "/admin/accounts", url.Values{"key": {line}}, boss)
	s.shows(s.get(http.StatusOK, "/admin/accounts", boss), "SSH keys, for SFTP (1)", "ann@laptop")
	keys, err := s.rooms.People.Keys(context.Background(), s.known("ann").ID)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	s.submits(page+"/keys/remove", "/admin/accounts", url.Values{"fingerprint": {keys[0].Fingerprint}}, boss)
	s.shows(s.get(http.StatusOK, "/admin/accounts", boss), "SSH keys, for SFTP (0)")
}
