package crowd

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
	"oneframe/app/store"
)

const (
	workerMax = 100 // bytes of a worker's name
	atOnce    = 100 // judgments in one call to the desk
)

// answerJSON is a judgment as crowds send it; what is missing is told apart from what
// is false.
type answerJSON struct {
	Frame    picture.ID `json:"frame"`
	Worker   string     `json:"worker"`
	Nudity   *bool      `json:"nudity"`
	Trying   *bool      `json:"trying"`
	Likeness int        `json:"likeness"`
}

// read checks judgments; Invalid bad_judgment names the first that is wrong.
func read(given []answerJSON) ([]moderation.Answer, error) {
	var all []moderation.Answer
	for i, a := range given {
		if !a.complete() {
			return nil, fault.New(fault.Invalid, "bad_judgment",
				"Judgment %d is not complete: it names its frame and its worker (at most %d bytes), and says nudity, trying and likeness.", i+1, workerMax)
		}
		all = append(all, a.answer())
	}
	return all, nil
}

func (a answerJSON) complete() bool {
	return a.Frame != "" && a.Nudity != nil && a.Trying != nil && validWorker(a.Worker)
}

// answer is what a complete one says.
func (a answerJSON) answer() moderation.Answer {
	return moderation.Answer{Worker: a.Worker,
		Judgment: moderation.Judgment{Frame: a.Frame, Nudity: *a.Nudity, Trying: *a.Trying, Likeness: a.Likeness}}
}

func validWorker(name string) bool {
	return name != "" && utf8.ValidString(name) && len(name) <= workerMax && !strings.ContainsFunc(name, unicode.IsControl)
}

// take gives the crowd's judgments to the desk, each worker's together. Those that the
// desk refuses are counted and change nothing; giving the same again is harmless. unread
// are those that were not complete.
func (x *Exchange) take(ctx context.Context, crowd string, answers []moderation.Answer, unread int) error {
	var order []string
	of := map[string][]moderation.Judgment{}
	for _, a := range answers {
		if of[a.Worker] == nil {
			order = append(order, a.Worker)
		}
		of[a.Worker] = append(of[a.Worker], a.Judgment)
	}
	taken, refused, last := 0, unread, ""
	if unread > 0 {
		last = "bad_judgment"
	}
	for _, worker := range order {
		for js := of[worker]; len(js) > 0; js = js[min(len(js), atOnce):] {
			result, err := x.Desk.Judge(ctx, moderation.ByWorker(crowd, worker), js[:min(len(js), atOnce)])
			if err != nil {
				return err
			}
			taken += result.Accepted
			for _, r := range result.Refused {
				refused, last = refused+1, r.Code
			}
		}
	}
	return x.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE moderation_crowd SET taken = taken + $2, refused = refused + $3, heard_at = $4,
			refusal = CASE WHEN $5 = '' THEN refusal ELSE $5 END WHERE id = $1`, crowd, taken, refused, store.Millis(tx.Now), last)
		return err
	})
}
