package ingest

import (
	"strings"

	"oneframe/app/fault"
)

// Reason is one thing that is wrong with a photograph.
type Reason struct {
	Field   string `json:"field"` // the metadata's JSON name, or file; "" where it is about none
	Code    string `json:"code"`
	Message string `json:"message"` // one sentence for the sender
}

// Refusal says everything that is wrong with a photograph that was not taken. It is kept
// in quarantine under the ID for a while. Its fault, for errors.As, has the kind and the
// code of the file's own trouble where there is some, else Invalid refused.
type Refusal struct {
	ID      string // of the quarantine; "" where nothing was kept
	Reasons []Reason
	Cause   error // of a file that can't be opened
}

// Error gives every reason's sentence.
func (r *Refusal) Error() string {
	var all []string
	for _, reason := range r.Reasons {
		all = append(all, reason.Message)
	}
	return strings.Join(all, " ")
}

// Unwrap gives the fault.
func (r *Refusal) Unwrap() error {
	if f := fault.Of(r.Cause); f != nil {
		return fault.Wrap(r.Cause, f.Kind, f.Code, "%s", r.Error())
	}
	return fault.New(fault.Invalid, "refused", "%s", r.Error())
}
