package web

import (
	"testing"
	"time"

	"oneframe/app/deliver"
	"oneframe/app/deliver/order"
	"oneframe/app/deliver/pace"
	"oneframe/app/deliver/send"
	"oneframe/app/feed"
	"oneframe/app/feed/condition"
)

// feedSamples gives the data of the feed's templates, empty and full.
func feedSamples(inside adminLayout, f frameView, now time.Time) map[string][]any {
	name := func(by string) string { return by + hostile }
	x := feed.Subscriber{ID: "s", Name: hostile, Contact: hostile, State: feed.Paused, Rules: 2, Created: now, Changed: now}
	views := subscriberSamples(x, now)
	one := subscriberPage{adminLayout: inside, Subscriber: views[0], States: []feed.SubscriberState{feed.Active, feed.Paused}, By: name, Kinds: destinationKinds(),
		Form: destinationForm{hostile, hostile, true}, Limits: limitsForm{hostile, hostile, hostile, hostile, hostile, hostile}, Error: hostile, Told: hostile, P50: time.Second, P95: time.Hour}
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
	one.Rules, one.Changes, one.Dead = rules, changes, queue
	hours := sampleHours(now)
	one.Sent, one.Failed, one.Latency = sentChart(hours), failed(hours), latencies(hours)
	whole := []any{deliveryPage{By: name}}
	var subscribers []any
	for _, v := range views {
		one.Subscriber, one.Wrong = v, map[bool]string{true: "limits", false: "destination"}[one.Wrong == "destination"]
		subscribers = append(subscribers, one)
	}
	for _, d := range queue {
		whole = append(whole, deliveryPage{adminLayout: inside, D: d, By: name,
			Tries:   []deliver.Try{{At: now, Kind: deliver.Done, Bytes: 5, Answer: hostile}, {At: now, Recall: true, Kind: "down", Message: hostile, Answer: hostile, Took: time.Minute}},
			Recalls: []deliver.Recalling{{ID: "r", State: "done", Reason: hostile, Answer: hostile, Error: hostile, AskedAt: now, DoneAt: now}, {}}})
	}
	return map[string][]any{
		"admin_delivery":    whole,
		"admin_subscribers": {subscribersPage{}, subscribersPage{adminLayout: inside, Subscribers: views, Waiting: 5, Trouble: 3, Dead: 9, Name: hostile, Contact: hostile, Error: hostile}},
		"admin_subscriber":  append(subscribers, subscriberPage{By: name}),
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

// subscriberSamples gives subscribers in every trouble.
func subscriberSamples(x feed.Subscriber, now time.Time) (all []subscriberView) {
	far := deliver.Glance{Subscriber: "s", Directed: true, Waiting: deliver.CountMost, Claimed: 2, Due: 3, Dead: 9, Oldest: now.Add(-time.Hour), LastError: hostile, LastFailed: "down",
		Destination: deliver.Destination{URL: "sftp://me@x.example/" + hostile, HasSecret: true, Failed: true, Reason: hostile, FailedAt: now, Style: "link",
			HostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmxfwBTtMDG7Szey0kQVyVYSkyrXMy7tdsHlm1gMTTv"}}
	for _, trouble := range []deliver.Trouble{deliver.Failed, deliver.Nowhere, deliver.Down, deliver.GaveUp, deliver.Behind, deliver.Fine} {
		g := far
		g.Destination.Failed = trouble == deliver.Failed
		all = append(all, subscriberView{x, g, trouble, now, deliver.Status{Down: true, Why: deliver.WhyDown, Next: now, Flying: 2}})
	}
	return append(all, subscriberView{Subscriber: feed.Subscriber{ID: "t", State: feed.Ended}, Trouble: deliver.Fine})
}

// sampleHours gives hours in which something went well and something wrong.
func sampleHours(now time.Time) []deliver.Hour {
	hours := make([]deliver.Hour, historyHours)
	for i := range hours {
		hours[i].Begin = now.Add(time.Duration(i-historyHours) * time.Hour)
		if i%5 > 0 {
			hours[i].Totals = deliver.Totals{Sent: int64(i), Bytes: 1e6, Failed: map[send.Kind]int64{send.Down: int64(i % 3), send.Ours: 1}, Latency: pace.Histogram{i: 9, 2: 80}}
		}
	}
	return hours
}

// Whoever needs somebody has a reason beside it, also where nothing failed.
func TestTheBoardSaysWhy(t *testing.T) {
	t.Parallel()
	for _, why := range []string{"", deliver.WhyMinute, deliver.WhyBusy} {
		v := subscriberView{Subscriber: feed.Subscriber{State: feed.Active}, G: deliver.Glance{Directed: true, Waiting: 3}, Trouble: deliver.Behind, Live: deliver.Status{Why: why}}
		if v.Why() == "" {
			t.Errorf("nothing is said of one behind whose hindrance is %q", why)
		}
	}
}
