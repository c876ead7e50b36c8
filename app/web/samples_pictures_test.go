package web

import (
	"net/url"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/feed"
	"oneframe/app/ingest"
	"oneframe/app/metadata"
	"oneframe/app/people"
	"oneframe/app/picture"
	"oneframe/app/vault"
)

// hostileRecord says the hostile thing in every field of text.
func hostileRecord() metadata.Record {
	var r metadata.Record
	for _, f := range metadata.Fields() {
		if f.Name != "place" && f.Name != "taken" && f.Name != "release" && f.Name != "urgency" && f.Name != "rating" {
			_ = f.Set(&r, hostile) // text takes everything
		}
	}
	r.Place = &metadata.Place{Latitude: 52.5, Longitude: -13.25}
	r.Taken = &metadata.Taken{At: time.Date(2026, 5, 31, 18, 0, 0, 0, time.UTC), Zoned: true}
	r.Found = []metadata.Found{{Field: "caption", From: "XMP dc:description", Value: hostile, Used: true}, {Field: "caption", From: "IPTC 2:120", Value: hostile + "\n" + hostile},
		{Field: "unreadable", From: hostile, Value: hostile}}
	return r
}

// pictureSamples are those of the register's templates.
func pictureSamples(inside adminLayout, now time.Time) map[string][]any {
	name := func(by string) string { return by + hostile }
	at := func(state picture.State) photoView {
		return photoView{picture.Picture{ID: "p-" + picture.ID(state), Origin: "ftp", State: state, Reason: hostile, Type: "image/jpeg", Width: 3000, Height: 2000, Bytes: 5e6, FileName: hostile,
			Version: 2, Original: vault.KeyOf(nil), Large: vault.KeyOf(nil), Medium: vault.KeyOf(nil), Thumb: vault.KeyOf(nil), LargeWidth: 1280, LargeHeight: 853, Error: hostile, ReceivedAt: now, SettledAt: now}, hostileRecord(), hostile}
	}
	var every []photoView
	all := map[string][]any{"picture": {picturePage{Name: name}}}
	for _, state := range stateOrder() {
		p := at(state)
		every = append(every, p)
		all["picture"] = append(all["picture"], picturePage{adminLayout: inside, Photo: p, Fields: viewFields(p.Meta), Map: mapLink(p.Meta.Place), Moderator: true, Undoable: true, Reasons: photoRejections(), Name: name, outgoing: outgoingSample(p.Picture, now),
			Events: []picture.Event{{Kind: "received", At: now, Detail: hostile}}, First: &p, Alike: every,
			Versions: []picture.Version{{Number: 2, Bytes: 9, ReceivedAt: now}, {Number: 1, State: picture.Accepted, Bytes: 8, ReceivedAt: now}}})
	}
	all["pictures"] = []any{picturesPage{}, picturesPage{adminLayout: inside, Asked: url.Values{"q": {hostile}, "from": {hostile}, "state": {"accepted"}}, States: stateOrder(), Accounts: []string{hostile},
		Pictures: every, Error: hostile, Here: "/pictures?q=x", Next: "/pictures?cursor=y", Moderator: true, Reasons: photoRejections(), ToAsk: outgoingSample(picture.Picture{}, now).ToAsk}, picturesPage{Asked: url.Values{"q": {"x"}}}}
	why := []ingest.Reason{{Field: "caption", Code: "missing", Message: "The field caption is missing."}, {Field: "file", Code: "bad_type", Message: hostile}}
	held := heldView{ingest.Held{ID: "h", Origin: "ftp", FileName: hostile, Type: "image/jpeg", Width: 3, Height: 2, Bytes: 9, Record: hostileRecord(), Reasons: why, Profile: hostile, State: "held", ReceivedAt: now}, hostile}
	gone, bad := held, held
	gone.State, gone.SettledBy, gone.SettledAt, gone.Picture, bad.Type = "accepted", "account:a", now, "p", ""
	var fields []correction
	for _, f := range metadata.Fields() {
		fields = append(fields, correction{Field: f, Text: hostile, Long: f.Name == "caption", Lacks: true, Error: hostile})
	}
	all["refused"] = []any{refusedPage{}, refusedPage{adminLayout: inside, State: "held", Held: []heldView{held, gone}, Next: "/x?cursor=y", Admin: true, States: []string{"held", "accepted", "refused"}}}
	all["refused_one"] = []any{oneRefusedPage{Name: name}, oneRefusedPage{adminLayout: inside, Held: held, Fields: fields, Admin: true, Name: name, Still: why},
		oneRefusedPage{adminLayout: inside, Held: gone, Name: name}, oneRefusedPage{adminLayout: inside, Held: bad, Name: name}, oneRefusedPage{adminLayout: inside, Held: held, Name: name}}
	full := viewProfile(ingest.Profile{ID: "x", Name: hostile, Rules: ingest.Rules{Types: []string{"png"}, Required: []string{"caption"}, Categories: []string{hostile}, MinBytes: 5e5, MaxAgeDays: 3, MinSide: 9, MaxSide: 10, RefuseAlike: true}})
	first := viewProfile(ingest.Profile{Name: "default", Rules: full.Rules})
	all["admin_profiles"] = []any{profilesPage{New: viewProfile(ingest.Profile{})}, profilesPage{adminLayout: inside, Profiles: []profileView{first, full}, New: full, Error: hostile,
		Accounts: []assignmentView{{people.Account{ID: "a", Name: hostile, Role: people.Photographer}, ingest.Assignment{Profile: "x", Trusted: true}}, {people.Account{ID: "b", Name: "b"}, ingest.Assignment{}}}}}
	return all
}

// outgoingSample is to whom a picture went, in every state.
func outgoingSample(p picture.Picture, now time.Time) outgoing {
	o := outgoing{Admin: true, Recalls: map[string]deliver.Recalling{}, ToAsk: []feed.Subscriber{{ID: "s", Name: hostile, State: feed.Paused}}}
	for i, state := range deliver.States() {
		d := deliver.Delivery{ID: string(state), Picture: p.ID, Subscriber: "s", Kind: deliver.Demand, State: state, Attempts: i, Error: hostile, QueuedAt: now, NextAt: now, SentAt: now}
		o.Deliveries = append(o.Deliveries, deliveryView{Delivery: d, Of: p, To: hostile})
	}
	o.Recalls[string(deliver.Recalled)] = deliver.Recalling{ID: "r", State: "due", Answer: hostile, Error: hostile}
	return o
}
