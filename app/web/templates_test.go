package web

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"oneframe/app/clip"
	"oneframe/app/moderation"
	"oneframe/app/moderation/crowd"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/publish"
	"oneframe/app/slot"
	"oneframe/app/source"
	"oneframe/app/vault"
)

// hostile is what a stranger may give as a name or a title.
const hostile = `<script>alert("x")</script>" onload='y' {{.}} &`

// samples gives each template's data, empty and full, by the template's name.
func samples() map[string][]any {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	admin := people.Account{ID: "a", Name: hostile, Role: people.Admin, Created: now}
	layout := Layout{Title: hostile, Description: hostile, Image: "https://example.org/x.jpg", Account: &admin, CSRF: "token",
		Nav: "admin", Flash: hostile, Base: "https://example.org", Path: "/x"}
	tabs := []tab{{"Frames", "/admin/frames", true}, {"Clips", "/admin/clips", false}}
	inside := adminLayout{layout, tabs, tabs}
	dance := clipView{Slug: "dance", Title: hostile, Width: 1280, Height: 720, Slots: 2750, Filled: 1000, Frames: 12847, Hold: 2,
		Duration: time.Minute, Video: "/clips/dance/clip.mp4?v=1", Rendered: now, Sound: true}
	tall := clipView{Slug: "tall", Title: "Tall", Width: 720, Height: 1280, Slots: 3}
	at := func(state picture.State) frameView {
		return frameView{picture.Picture{ID: "f-" + picture.ID(state), Origin: "webcam", Slot: slot.ID{Clip: "dance", Number: 37}, Name: hostile, State: state,
			Reason: "nudity", Score: 4.3, Judgments: 3, Type: "image/jpeg", Width: 1280, Height: 720, Large: vault.KeyOf(nil), Medium: vault.KeyOf(nil),
			Thumb: vault.KeyOf(nil), Error: hostile, Attempts: 2, ReceivedAt: now, SettledAt: now}, time.Second}
	}
	var every []frameView
	for _, state := range stateOrder() {
		every = append(every, at(state))
	}
	shapes := map[string]clipView{"dance": dance}
	name := func(by string) string { return by + hostile }
	var desk []deskView
	for _, f := range every {
		desk = append(desk, deskView{f, moderation.Item{Waits: time.Hour, Given: 2, Wanted: 5, Confidence: .7, Blurred: true, Gold: true}})
	}
	imports := []source.Import{{ID: "i", Slug: "x", Title: hostile, State: source.Running, Progress: .4}, {ID: "j", Slug: "y", State: source.Refused, Error: hostile}}
	renders := []clip.Render{{ID: "r", Clip: "dance", State: clip.Running, Progress: .3, Queued: now, Started: now},
		{ID: "s", Clip: "dance", State: clip.Failed, Error: hostile, Queued: now, Finished: now}, {ID: "t", Clip: "gone", State: clip.Done, Bytes: 5e6, Current: true, Finished: now}}
	version := func(n int, state string) versionView {
		v := versionView{clip.Version{Render: clip.Render{Clip: "dance", Version: n, State: clip.Done, SlotsFilled: 1000, Finished: now},
			Rejoined: clip.Print{State: state, Progress: .3, Error: hostile}, Stills: clip.Print{Hash: "s"}}}
		if state == clip.Done {
			v.Render.File, v.Render.Hash = "f", "h"
		}
		return v
	}
	ready, asPlan, joining, failed := version(4, clip.Done), version(3, ""), version(2, clip.Running), version(1, clip.Failed)
	asPlan.Stills = clip.Print{}
	grown := growthView{Done: clip.Print{Clip: "dance", Version: 3, Hash: "g"}, Last: clip.Print{State: clip.Running, Progress: .5}}
	prints := []clip.Print{{Clip: "dance", Kind: clip.Stills, Version: 4, State: clip.Failed, Error: hostile, Queued: now}, {Clip: "gone", Kind: clip.Growth, State: clip.Running},
		{Clip: "dance", Kind: clip.Rejoined, Version: 2, State: clip.Queued}}
	states := map[picture.State]int{picture.Failed: 2, picture.Accepted: 12847}

	all := map[string][]any{
		"home": {homePage{}, homePage{Layout: layout}, homePage{Clip: &tall},
			homePage{Layout: layout, Clip: &dance, At: 12.5, Map: "x.w", Recent: every, Older: "cursor", Later: true, All: true, Others: []clipView{tall, dance}, Judging: true}},
		"shoot": {shootPage{}, shootPage{Clip: &tall, Consent: "I agree."},
			shootPage{Layout: layout, Clip: &dance, Slot: 37, Pose: posePath(slot.ID{Clip: "dance", Number: 37}), LeaseSeconds: 600, Consent: hostile}},
		"versions": {versionsPage{}, versionsPage{Layout: layout, Clip: dance, Chosen: &ready, Map: "x.x", Versions: []versionView{ready, asPlan, joining, failed}, Older: 1, Growth: grown},
			versionsPage{Clip: dance, Chosen: &asPlan, Map: "...", Admin: true}, versionsPage{Clip: tall, Chosen: &joining}, versionsPage{Clip: dance, Chosen: &failed, Growth: growthView{Last: clip.Print{State: clip.Failed, Error: hostile}}}},
		"login": {loginPage{}, loginPage{Layout: layout, Next: "/judge?x=1", Name: hostile, Error: hostile}},
		"setup": {setupPage{}, setupPage{Layout: layout, Secret: "secret", Name: hostile, Error: hostile}},
		"judge": {judgePage{}, judgePage{Layout: layout, Frames: every, Blurred: map[picture.ID]bool{every[0].ID: true}, Shapes: shapes, Answers: answers()}, judgePage{Volunteer: true}},
		"admin": {overviewPage{}, overviewPage{adminLayout: inside, Needy: 2, States: states, Figures: moderation.Figures{Today: 5, Waiting: 6, Undecided: 7},
			Clips: []clipState{{dance, renders[1]}, {tall, clip.Render{}}}, Imports: imports, Free: 1e9}},
		"admin_clips": {clipsPage{}, clipsPage{adminLayout: inside, Clips: []clipState{{dance, renders[0]}, {tall, clip.Render{}}}, Imports: imports, Hold: 2, Max: 4e9}},
		"admin_renders": {rendersPage{}, rendersPage{adminLayout: inside, Clips: []source.Video{{Slug: "dance", Title: hostile}}, Renders: renders, Prints: prints, Titles: map[string]string{"dance": hostile},
			Mirrors: []publish.Video{{Clip: "dance", Host: hostile, State: "paused", Page: "https://tube.example.org/w/1", Error: hostile, Waits: hostile, Tries: 2, Size: 9, Sent: 3}}}},
		"admin_accounts": {accountsPage{}, accountsPage{adminLayout: inside, Roles: people.Roles(), Token: "of_x", TokenOf: hostile, Name: hostile, Error: hostile,
			Accounts: []accountView{{admin, true, []people.Token{{ID: "t", Hint: "of_abcd", Created: now, Used: now}, {ID: "u", Hint: "of_efgh"}}, nil},
				{people.Account{ID: "b", Name: "b", Role: people.Judge, Disabled: true}, false, nil, nil},
				{people.Account{ID: "c", Name: "c", Role: people.Photographer}, false, nil, []people.Key{{Account: "c", Fingerprint: "SHA256:x", Comment: hostile}}}}}},
		"admin_frames": {framesPage{}, framesPage{adminLayout: inside, State: picture.Accepted, Filters: []filter{{picture.Accepted, 12847}, {picture.Failed, 0}},
			Frames: desk, Shapes: shapes, Reasons: rejections(), Here: "/admin/frames?state=x&cursor=y", Next: "/admin/frames?cursor=z", Export: "state=accepted",
			Fields: map[string]string{"judge": "account:a", "slot": "3"}, Judge: hostile, Clips: []source.Video{{Slug: "dance", Title: hostile}}, Waits: 5}},
		"invite": {invitePage{Action: "/judge/start"}, invitePage{Layout: layout, Name: hostile, Ends: now, Action: "/j/x"}, invitePage{Over: "ended"}},
		"judged": {judgedPage{}, judgedPage{Layout: layout, Accepted: 18, Wrong: []wrongView{{every[0], "nudity", "nobody posing", hostile}, {every[1], "3, fairly", "5, spot on", "x"}}, Shapes: shapes}},
		"admin_judging": {judgingAdminPage{}, judgingAdminPage{adminLayout: inside, Days: 7, Ranges: tabs, Figures: moderation.Figures{Today: 5, Waiting: 6, Undecided: 7}, Hour: 3, Waits: time.Hour, Undecided: 50 * time.Hour, Doubts: 1,
			Waiting:   overTime([]moderation.Depth{{At: now, Waiting: 3}, {At: now.Add(time.Hour), Waiting: 12, Undecided: 2}}, now, now.Add(2*time.Hour)),
			Judgments: hourly([]moderation.Hour{{Start: now, Judgments: 70}}, now, now.Add(24*time.Hour), 1),
			Shares:    shareOut([]moderation.Share{{Verdict: picture.Accepted, Crowd: true, Frames: 7}, {Verdict: picture.Rejected, Frames: 3}})}},
		"admin_judges": {judgesPage{}, judgesPage{adminLayout: inside, Name: name, Next: "1 x", Judges: []moderation.Profile{
			{Judge: "account:a", Judgments: 12847, Trust: .93, Counts: true, GoldSeen: 12, GoldRight: 11, Agreed: 8, Settled: 9, Pace: 3 * time.Second, Estimate: .9, Last: now}, {Judge: hostile, Trust: .3}}}},
		"admin_audit": {auditPage{}, auditPage{adminLayout: inside, Name: name, By: hostile, Next: 7, Acts: []moderation.Act{{Seq: 8, By: hostile, Action: "rejected", Subject: "f", Detail: hostile, At: now}, {Action: "link made", Subject: "l"}, {By: "account:a", Action: "crowd changed", Subject: "c", Detail: hostile}}}},
		"admin_links": {linksPage{}, linksPage{adminLayout: inside, Name: name, URL: "https://example.org/j/x", Of: hostile, Open: true, Now: now, Fields: map[string]string{"name": hostile}, Error: hostile,
			Links: []moderation.Link{{ID: "a", Name: hostile, Judges: 3, Judgments: 5, Ends: now.Add(time.Hour), Made: now}, {ID: "b", Name: "x", Revoked: now}}}},
		"admin_gold": {goldPage{}, goldPage{adminLayout: inside, Name: name, Shapes: shapes, Golds: []goldView{{moderation.Gold{Right: moderation.Judgment{Nudity: true}, Reason: hostile, At: now, Seen: 3, Correct: 2}, every[0], "nudity"}, {Frame: every[1]}}}},
		"admin_doubts": {doubtsPage{}, doubtsPage{adminLayout: inside, Shapes: shapes, Doubts: []doubtView{{moderation.Doubt{Verdict: picture.Accepted, Would: picture.Rejected, Reason: "nudity", Confidence: .92}, every[0]},
			{moderation.Doubt{Verdict: picture.Rejected, Would: picture.Accepted, Confidence: .8}, every[1]}}}},
		"admin_crowds": {crowdsPage{}, crowdsPage{adminLayout: inside, Ready: true, Now: now, Error: hostile, Told: crowd.Credentials{Secret: "whsec_x", FormKey: "abc"}, ToldOf: hostile,
			Entered: crowd.New{Name: hostile, Kind: crowd.Poll, URL: hostile, PollURL: hostile, Form: true},
			Crowds: []crowd.Crowd{{ID: "a", Name: hostile, Kind: crowd.Poll, URL: hostile, PollURL: hostile, State: "on", Trouble: hostile, PausedUntil: now.Add(time.Minute), OldUntil: now,
				Due: 3, Dead: 2, DeadTrouble: hostile, Taken: 12847, Refused: 3, Refusal: "own_frame", HeardAt: now}, {ID: "b", State: "gone", Trouble: hostile}, {ID: "c", State: "off"}}}},
		"error": {ErrorPage{}, ErrorPage{Layout: layout, Status: 500, Message: hostile, Request: "ABC"}, ErrorPage{Status: 404}, ErrorPage{Status: 429}, ErrorPage{Status: 507}},
	}
	maps.Copy(all, pictureSamples(inside, now))
	maps.Copy(all, feedSamples(inside, at(picture.Accepted), now))
	all["admin_frame"] = append(all["admin_frame"], oneFramePage{Name: name})
	all["frame"] = append(all["frame"], framePage{})
	all["manage"] = append(all["manage"], managePage{})
	for _, f := range every {
		all["frame"] = append(all["frame"], framePage{layout, dance, f, true, true})
		all["manage"] = append(all["manage"], managePage{Layout: layout, Clip: dance, Frame: f, Link: "https://example.org/m/x", Picture: "/m/x/picture.jpg",
			Given: 1, Needed: 3, Shown: true, Since: clip.Render{ID: "r", Finished: now}}, managePage{Clip: tall, Frame: f, Shown: true}, managePage{Clip: tall, Frame: f})
		all["admin_frame"] = append(all["admin_frame"], oneFramePage{adminLayout: inside, Frame: f, Clip: dance, Name: name, Reasons: rejections(), Undoable: true, outgoing: outgoingSample(f.Picture, now), Answers: answers(), Judges: map[moderation.Judge]moderation.Profile{"account:a": {Trust: .9, Counts: true}}, Gold: &moderation.Gold{Right: moderation.Judgment{Trying: true, Likeness: 4}, Reason: hostile, Seen: 3, Correct: 2},
			Untold: 1, Tested: []moderation.GoldAnswer{{Given: moderation.Given{Judge: hostile, At: now, Judgment: moderation.Judgment{Trying: true, Likeness: 4}}, Right: true}, {Given: moderation.Given{Judge: "account:b"}}},
			Judgments: []moderation.Given{{Judge: "account:a", At: now, Judgment: moderation.Judgment{Trying: true, Likeness: 4}}, {Judge: "account:b", Judgment: moderation.Judgment{Nudity: true}}, {Judge: "account:c"}},
			Decisions: []moderation.Decision{{By: moderation.Everybody, Verdict: picture.Undecided, At: now}, {By: "account:a", Verdict: picture.Rejected, Reason: hostile, At: now, UndoneAt: now, UndoneBy: "account:b"}},
			Events:    []picture.Event{{Kind: "received", At: now}, {Kind: "rejected", By: "account:a", Detail: hostile, At: now}}})
	}
	return all
}

func TestEveryTemplateIsSoundHTML(t *testing.T) {
	t.Parallel()
	s := &Server{}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		t.Fatal(err)
	}
	if s.templates, err = s.loadTemplates(); err != nil {
		t.Fatal(err)
	}
	all := samples()
	if have, want := slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(s.templates)); !slices.Equal(have, want) {
		t.Fatalf("samples for %v, templates %v", have, want)
	}
	for name, datas := range all {
		for i, data := range datas {
			var b bytes.Buffer
			if err := s.templates[name].ExecuteTemplate(&b, "layout.html", data); err != nil {
				t.Errorf("%s with sample %d: %v", name, i, err)
				continue
			}
			for _, wrong := range unsound(b.Bytes(), s.assets) {
				t.Errorf("%s with sample %d: %s", name, i, wrong)
			}
		}
	}
}

// unsound says what is wrong with a page: tags that don't pair, ids given twice,
// anything that the content security policy would refuse, fields and pictures without
// words, and addresses of assets that aren't there.
func unsound(page []byte, assets map[string]asset) (wrong []string) {
	say := func(parts ...string) { wrong = append(wrong, strings.Join(parts, " ")) }
	void := strings.Fields("area base br col embed hr img input link meta source track wbr")
	var open []string
	ids, labels, fields := map[string]bool{}, map[string]bool{}, map[string]string{}
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				say(z.Err().Error())
			}
			break
		}
		tok := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if !slices.Contains(void, tok.Data) && kind == html.StartTagToken {
				open = append(open, tok.Data)
			}
			attrs := attributes(tok, say)
			if id, ok := attrs["id"]; ok && ids[id] {
				say("id given twice:", id)
			} else if ok {
				ids[id] = true
			}
			labels[attrs["for"]] = true
			checkTag(tok.Data, attrs, assets, say)
			_, named := attrs["aria-label"]
			if slices.Contains([]string{"input", "select", "textarea", "progress"}, tok.Data) && attrs["type"] != "hidden" && !named && !slices.Contains(open, "label") {
				fields[attrs["id"]] = tok.String()
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				say("</"+tok.Data+"> closes", strings.Join(open, " "))
				return wrong
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if strings.Contains(tok.Data, "ZgotmplZ") || strings.Contains(tok.Data, "%!") {
				say("a template's mistake:", strings.TrimSpace(tok.Data))
			}
		}
	}
	for id, field := range fields {
		if id == "" || !labels[id] {
			say("a field without a label:", field)
		}
	}
	if len(open) > 0 {
		say("never closed:", strings.Join(open, " "))
	}
	return wrong
}

func attributes(tok html.Token, say func(...string)) map[string]string {
	attrs := map[string]string{}
	for _, a := range tok.Attr {
		if _, twice := attrs[a.Key]; twice {
			say("attribute given twice:", a.Key, "in", tok.String())
		}
		attrs[a.Key] = a.Val
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "ZgotmplZ") || strings.HasPrefix(a.Val, "javascript:") {
			say("not allowed:", tok.String())
		}
	}
	return attrs
}

func checkTag(tag string, attrs map[string]string, assets map[string]asset, say func(...string)) {
	switch tag {
	case "style":
		say("inline style")
	case "img":
		if _, ok := attrs["alt"]; !ok {
			say("picture without words:", attrs["src"])
		}
	case "script":
		if attrs["src"] == "" {
			say("inline script")
		}
	case "form":
		if attrs["method"] == "post" && !strings.HasPrefix(attrs["action"], "/") {
			say("a form goes elsewhere:", attrs["action"])
		}
	}
	for _, key := range []string{"src", "href"} {
		if name, ok := strings.CutPrefix(attrs[key], "/static/"); ok {
			name, version, _ := strings.Cut(name, "?v=")
			if a, there := assets[name]; !there || a.hash != version {
				say("no such asset:", attrs[key])
			}
		}
	}
	for _, key := range []string{"src", "action", "poster"} {
		if strings.HasPrefix(attrs[key], "//") || strings.Contains(attrs[key], "://") {
			say("from elsewhere:", attrs[key])
		}
		if v, ok := attrs[key]; ok && v == "" {
			say("an empty address:", key, "of", tag)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(12847), "12,847"}, {count(-1234), "-1,234"}, {count(-123), "-123"}, {count(1234567), "1,234,567"},
		{plural(1, "frame", "frames"), "1 frame"}, {plural(0, "frame", "frames"), "0 frames"}, {plural(2750, "frame", "frames"), "2,750 frames"},
		{clock(0), "0:00.0"}, {clock(67300 * time.Millisecond), "1:07.3"}, {clock(59990 * time.Millisecond), "1:00.0"}, {clock(600 * time.Second), "10:00.0"},
		{bytesize(0), "0 bytes"}, {bytesize(999), "999 bytes"}, {bytesize(1500), "1.5 kB"}, {bytesize(4_294_967_296), "4.3 GB"}, {bytesize(120_000_000_000), "120 GB"},
		{dots(4.3), "●●●●○"}, {dots(4.5), "●●●●●"}, {dots(0.0), "○○○○○"}, {dots(3), "●●●○○"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
