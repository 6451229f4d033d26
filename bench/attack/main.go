package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
)

// The bounds of what is tried.
const (
	mostNetworks = 160
	mostPeople   = 20_000
	townSites    = 120
	workers      = 2
)

// target is what an army lies of.
type target struct {
	name  string
	sites func(*town) []string
	alone bool // one network
	only  func(*faultline.Cause) bool
}

var targets = []target{
	{"one site", func(t *town) []string { return t.sites[7:8] }, false, isNotNetwork},
	{"all 40 sites of a CDN", func(t *town) []string { return t.sites[:cdnSites] }, false, isNotNetwork},
	{"every site, from one network: its own outage", func(t *town) []string { return t.sites }, true, isNetwork},
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

// run finds what each state takes and prints it as a table in Markdown.
func run(w io.Writer) error {
	type cell struct {
		target target
		blind  bool
		state  faultline.IncidentState
		costs  string
	}
	var cells []*cell
	for _, tg := range targets {
		for _, state := range []faultline.IncidentState{faultline.StateCandidate, faultline.StateConfirmed} {
			for _, blind := range []bool{false, true} {
				cells = append(cells, &cell{target: tg, blind: blind, state: state, costs: "the same"})
			}
		}
	}
	var g errgroup.Group
	g.SetLimit(workers)
	for _, c := range cells {
		if c.blind && c.target.alone {
			continue // where a network's own outage is told, probes of the sites only clear it
		}
		g.Go(func() error {
			c.costs = costs(c.target, c.blind, c.state)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Fprintln(w, "| who lies of | to reach | probes find all well | nothing probes |")
	fmt.Fprintln(w, "| --- | --- | --- | --- |")
	for i := 0; i < len(cells); i += 2 {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", cells[i].target.name, cells[i].state, cells[i].costs, cells[i+1].costs)
	}
	return nil
}

// costs is the least that reaches a state within five minutes: of networks, with
// people without number, and of people over that many networks and over the most.
func costs(tg target, blind bool, want faultline.IncidentState) string {
	stage := newStage(townSites, func(t *town) []string {
		if !blind {
			return nil
		}
		return tg.sites(t)
	})
	reaches := func(networks, people, prefixes int) bool {
		state := stage.outcome(tg.only, func(t *town) army {
			return army{first: strangers, networks: networks, prefixes: prefixes, people: people, each: 1,
				sites: tg.sites(t), symptom: "http_503", over: 5 * time.Minute}
		})
		return state == want || state == faultline.StateConfirmed
	}
	if tg.alone {
		if !reaches(1, mostPeople, 500) {
			return fmt.Sprintf("never (%d people)", mostPeople)
		}
		prefixes := least(1, 500, func(n int) bool { return reaches(1, mostPeople, n) })
		return fmt.Sprintf("%s people, over %s prefixes", least(1, mostPeople, func(n int) bool { return reaches(1, n, 500) }), prefixes)
	}
	if !reaches(mostNetworks, mostPeople, 40) {
		return fmt.Sprintf("never (%d people over %d networks)", mostPeople, mostNetworks)
	}
	networks := 0
	least(1, mostNetworks, func(n int) bool {
		ok := reaches(n, mostPeople, 40)
		if ok && (networks == 0 || n < networks) {
			networks = n
		}
		return ok
	})
	people := least(1, mostPeople, func(n int) bool { return reaches(networks, n, 40) })
	wide := least(1, mostPeople, func(n int) bool { return reaches(mostNetworks, n, 40) })
	plural := "s"
	if networks == 1 {
		plural = ""
	}
	return fmt.Sprintf("%s people over %d network%s, %s over %d", people, networks, plural, wide, mostNetworks)
}
