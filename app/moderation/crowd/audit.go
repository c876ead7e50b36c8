package crowd

import (
	"net/url"
	"strings"

	"oneframe/app/moderation"
	"oneframe/app/store"
)

// What the audit says of a crowd tells of its addresses the hosts alone: moderators read
// it too, and the rest of an address may hold a key.

// added words what was added.
func added(n New) string {
	what := n.Name + "; " + n.Kind + "; jobs to " + host(n.URL)
	if n.PollURL != "" {
		what += "; judgments from " + host(n.PollURL)
	}
	return what
}

// changed words what was changed; "" where all is as it was.
func changed(was Crowd, n New) string {
	var what []string
	if n.Name != was.Name {
		what = append(what, "before “"+was.Name+"”")
	}
	if n.URL != was.URL {
		what = append(what, "jobs to "+moved(was.URL, n.URL))
	}
	if n.PollURL != was.PollURL {
		what = append(what, "judgments from "+moved(was.PollURL, n.PollURL))
	}
	if len(what) == 0 {
		return ""
	}
	return n.Name + "; " + strings.Join(what, "; ")
}

func moved(from, to string) string {
	if host(from) == host(to) {
		return "another address at " + host(to)
	}
	return host(to) + ", not " + host(from)
}

// host gives the host and port of an address that was checked before.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address"
	}
	return u.Host
}

// unless gives the action, or "" where it changes nothing.
func unless(idle bool, action string) string {
	if idle {
		return ""
	}
	return action
}

// gone notes that a crowd wants no more jobs: it is switched off by its own word.
func gone(tx *store.Tx, id, words string) error {
	n, err := tx.Exec(`UPDATE moderation_crowd SET state = 'gone', trouble = $2, poll_at = 0 WHERE id = $1 AND state = 'on'`, id, words)
	if err != nil || n == 0 {
		return err
	}
	c, err := row(tx, id)
	if err != nil {
		return err
	}
	return moderation.AddAct(tx, "", "crowd gone", id, c.Name+"; "+words)
}
