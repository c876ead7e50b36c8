package web

import (
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/feed"
	"oneframe/app/feed/condition"
)

// feedSamples gives the data of the feed's templates, empty and full.
func feedSamples(inside adminLayout, f frameView, now time.Time) map[string][]any {
	name := func(by string) string { return by + hostile }
	x := feed.Subscriber{ID: "s", Name: hostile, Contact: hostile, State: feed.Paused, Rules: 2, Created: now, Changed: now}
	view := subscriberView{x, deliver.CountMost, 5, 1}
	sound := feed.Rule{ID: "r", Subscriber: "s", Name: hostile, Text: hostile, Active: true, Priority: 9, Matches: 12, LastMatch: now, Created: now}
	off, bad := feed.Rule{ID: "o", Subscriber: "s", Text: "urgency = 1"}, feed.Rule{ID: "b", Subscriber: "gone", Text: hostile, Problem: hostile}
	rules := []feed.Rule{sound, off, bad}
	changes := []feed.Change{{Kind: "rule", Action: "changed", By: "account:a", Was: hostile, Now: hostile, At: now}, {Kind: "subscriber", Action: "added"}}
	findings := feed.Findings{Aside: rules, Never: rules, All: rules, Covered: []feed.Covered{{Rule: sound, By: off}}, Looked: 200}
	var queue []deliveryView
	for i, state := range deliver.States() {
		d := deliver.Delivery{ID: hostile, Picture: f.ID, Subscriber: "s", Kind: []deliver.Kind{deliver.First, deliver.Update, deliver.Demand}[i%3], Rules: []string{"r", "gone"},
			State: state, Priority: 500, Attempts: i, Error: hostile, QueuedAt: now}
		queue = append(queue, deliveryView{d, f.Picture, hostile, map[string]string{"r": hostile}})
	}
	return map[string][]any{
		"admin_subscribers": {subscribersPage{}, subscribersPage{adminLayout: inside, Subscribers: []subscriberView{view, {Subscriber: feed.Subscriber{ID: "t", State: feed.Ended}}}, Name: hostile, Contact: hostile, Error: hostile}},
		"admin_subscriber":  {subscriberPage{By: name}, subscriberPage{adminLayout: inside, Subscriber: view, States: []feed.SubscriberState{feed.Active, feed.Paused}, Rules: rules, Changes: changes, By: name}},
		"admin_rule": {rulePage{By: name}, rulePage{adminLayout: inside, Subscriber: x, ID: "b", Rule: bad, Changes: changes, By: name, Error: hostile,
			Draft: feed.Draft{Name: hostile, Text: hostile, Active: true, Priority: 5}}},
		"admin_order": {orderPage{}, orderPage{adminLayout: inside, Subscriber: x, HasTarget: true, Error: hostile, Places: order.Places(), Fields: order.NameFields(), Samples: []sampleView{{f.Picture, true}, {f.Picture, false}},
			Form:    orderForm{Kind: "box", Longest: hostile, Width: hostile, Height: hostile, Quality: hostile, MaxKB: hostile, Mark: "image", MarkText: hostile, MarkImage: hostile, Place: "top", MarkSize: hostile, Opacity: hostile, Trim: true, Set: order.Set{Credit: hostile, UsageTerms: hostile, Copyright: hostile, Instructions: hostile}, Name: hostile, Sidecar: "xmp"},
			Preview: &previewJSON{Name: hostile, Sidecar: hostile, Source: "/media/x.jpg", Bytes: 5e5, Width: 800, Height: 600, Untouched: true, Error: hostile}}},
		"admin_rules": {rulesPage{}, rulesPage{adminLayout: inside, Search: feed.Search{Value: hostile, Text: hostile, Field: condition.Keyword, Op: condition.Is, Subscriber: "s"}, Since: "2026-03-01",
			Fields: condition.Fields(), Ops: allOps(), Subscribers: []feed.Subscriber{x}, Names: map[string]string{"s": hostile}, Rules: rules, Next: "/admin/rules?cursor=x",
			Rename: renameForm{Field: condition.Keyword, From: hostile, To: hostile, Asked: true, Rules: []feed.Renamed{{Rule: sound, Before: hostile, After: hostile}}}, Findings: &findings, Error: hostile},
			rulesPage{Rename: renameForm{Asked: true}, Findings: &feed.Findings{}}},
		"admin_deliveries": {deliveriesPage{}, deliveriesPage{adminLayout: inside, Query: deliver.Query{Subscriber: "s", State: deliver.Sent}, States: deliver.States(),
			Subscribers: []feed.Subscriber{x}, Deliveries: queue, Next: "/admin/deliveries?cursor=x"}},
	}
}
