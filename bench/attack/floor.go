package main

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

//go:embed floor.json
var floorFile []byte

// limit is an army that must not reach a goal, by any lie in any shape. A change that makes a
// lie cheaper than that is refused (`make attack`).
type limit struct {
	Goal    string `json:"goal"`
	Probing string `json:"probing"`
	Liars   int    `json:"liars"`
	size
}

// floors are the limits that lies must not fall below. A member that is not known is an
// error.
func floors(file []byte) ([]limit, error) {
	var out []limit
	if err := json.Unmarshal(file, &out, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("read the floor of prices: %w", err)
	}
	for _, l := range out {
		if _, err := l.cell(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cell is the question that a limit answers.
func (l limit) cell() (cell, error) {
	g := slices.IndexFunc(goals, func(g *goal) bool { return g.name == l.Goal })
	p := slices.IndexFunc(probings, func(p probing) bool { return p.name == l.Probing })
	if g < 0 || p < 0 || l.Liars < 0 || l.Liars > len(vantages) || l.People > mostPeople || l.Networks > mostNetworks {
		return cell{}, fmt.Errorf("floor of prices: %+v names no goal, probing or army that can be tried", l)
	}
	return cell{goals[g], probings[p], l.Liars}, nil
}

// below names the answers that are cheaper than the floor.
func below(limits []limit, answers []answer) []string {
	var out []string
	for _, l := range limits {
		for _, a := range answers {
			same := a.goal.name == l.Goal && a.probing.name == l.Probing && a.liars == l.Liars
			if same && !a.never && a.People <= l.People && a.Networks <= l.Networks {
				out = append(out, fmt.Sprintf("%s, %s, %d lying vantages: %s (%s)", l.Goal, l.Probing, l.Liars,
					a.text(), a.how))
			}
		}
	}
	return out
}
