package node

import (
	"context"
	"time"

	"faultline"
	"faultline/board"
	"faultline/replica"
	"faultline/web"
)

// countedEvery is how often a leader counts the concentration of the day. Each count
// replaces the one before, and the last of a day stays.
const countedEvery = time.Hour

// concentrationDuty keeps how few providers serve how many sites, a point a day.
func (n *Node) concentrationDuty() replica.Duty {
	return replica.Duty{Name: "concentration", Run: func(ctx context.Context, t *replica.Term) error {
		tick := time.NewTicker(countedEvery)
		defer tick.Stop()
		for {
			day := concentrationDay(n.clock.Now(), board.Concentrations(n.index, n.cfg.Providers, board.Part{}, 0))
			if err := t.SaveConcentration(ctx, day); err != nil && ctx.Err() == nil {
				// The next count replaces it, and a day without any is missing and not wrong.
				n.log.Warn("the concentration of the day is not kept", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}}
}

// concentratedTop bounds how many providers of a kind the page of concentration may
// name.
const concentratedTop = 20

// concentrated counts a part of the list, and each country and kind of service in it apart.
func (n *Node) concentrated(part board.Part) web.Concentrated {
	out := web.Concentrated{Kinds: board.Concentrations(n.index, n.cfg.Providers, part, concentratedTop)}
	out.Countries, _ = board.Groups(n.index, n.cfg.Providers, part, board.ByCountry)
	out.Services, _ = board.Groups(n.index, n.cfg.Providers, part, board.ByService)
	return out
}

// concentrationDay is a count as a point of its day.
func concentrationDay(at time.Time, kinds []board.Concentration) faultline.ConcentrationDay {
	day := faultline.ConcentrationDay{Day: at.UTC().Format(time.DateOnly), At: faultline.Millis(at),
		Kinds: []faultline.ConcentrationPoint{}}
	for _, k := range kinds {
		day.Kinds = append(day.Kinds, faultline.ConcentrationPoint{Kind: k.Kind, Known: k.Known, Sites: k.Sites,
			HHI: k.HHI, Ranked: k.Ranked, HHIRanked: k.HHIRanked, Firebreak: k.Firebreak})
	}
	return day
}
