package crowd

import (
	"encoding/json"
	"strconv"
	"strings"

	"oneframe/app/fault"
	"oneframe/app/moderation"
	"oneframe/app/picture"
)

// unitJSON is a CrowdFlower unit, of which the frame's id is a column of the uploaded
// data (unit[data][frame] where units are made by its API).
type unitJSON struct {
	Data    map[string]any `json:"data"`
	Results struct {
		Judgments []unitJudgmentJSON `json:"judgments"`
	} `json:"results"`
}

// unitJudgmentJSON is a judgment inside a unit, or of a list of new ones.
type unitJudgmentJSON struct {
	WorkerID json.RawMessage `json:"worker_id"` // a number, or a text
	Data     map[string]any  `json:"data"`
	UnitData map[string]any  `json:"unit_data"`
}

// readUnits reads a payload: of unit_complete one unit, of new_judgments a list of
// judgments that carry their unit's data. Other signals bring nothing.
func readUnits(signal, payload string) ([]moderation.Answer, error) {
	var given []unitJudgmentJSON
	switch signal {
	case "unit_complete":
		var u unitJSON
		if err := json.Unmarshal([]byte(payload), &u); err != nil {
			return nil, badPayload(err)
		}
		given = u.Results.Judgments
		for i := range given {
			given[i].UnitData = u.Data
		}
	case "new_judgments":
		if err := json.Unmarshal([]byte(payload), &given); err != nil {
			return nil, badPayload(err)
		}
	}
	var all []answerJSON
	for _, g := range given {
		all = append(all, g.answer())
	}
	return read(all)
}

func badPayload(err error) error {
	return fault.Wrap(err, fault.Invalid, "bad_message", "The payload is not the JSON that was expected.")
}

// answer reads the columns nudity, trying and likeness, in which forms put texts.
func (g unitJudgmentJSON) answer() answerJSON {
	frame, _ := g.UnitData["frame"].(string)
	likeness, _ := strconv.Atoi(strings.TrimSpace(text(g.Data["likeness"])))
	return answerJSON{Frame: picture.ID(frame), Worker: strings.Trim(string(g.WorkerID), `"`),
		Nudity: truth(g.Data["nudity"]), Trying: truth(g.Data["trying"]), Likeness: likeness}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// truth reads yes and no as forms write them; nil for anything else.
func truth(v any) *bool {
	yes := true
	switch strings.ToLower(strings.TrimSpace(text(v))) {
	case "yes", "true", "1":
	case "no", "false", "0":
		yes = false
	default:
		return nil
	}
	return &yes
}
