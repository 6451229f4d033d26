package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"faultline"
)

// head is what docs/replays.md says before its table.
const head = `# Replays of outages of the past

After this page you know which component Faultline would have named in well-known outages, how
soon, and how much of each replay is made up. Each row is a real outage, played to Faultline as it
might have been seen. It is a **reconstruction** from the public record of who depended on what,
who checked and who reported. Each spec (` + "`scenario/specs`" + `) and the list below say what is a
fact and what is made up. The engine is not tuned to these outages.

` + "`make replays`" + ` writes this page from the recordings that the pages at ` + "`/replays`" + ` play.
Seconds are counted from the onset of the reconstruction to the confirmed incident. Minutes are
counted from there to the provider's first public statement. A false incident is a confirmed one
that is not the outage.

| outage | the record names | Faultline named | right | confirmed after | before the provider's first statement | sites | false incidents | sites reported in error that were cleared |
|---|---|---|---|---:|---:|---:|---:|---|
`

// Table is docs/replays.md, the oldest outage first.
func Table(replays []Replay) []byte {
	replays = slices.Clone(replays)
	slices.SortFunc(replays, func(a, b Replay) int { return a.Spec.Onset.Compare(b.Spec.Onset) })
	var b strings.Builder
	b.WriteString(head)
	for _, r := range replays {
		b.WriteString(r.row())
	}
	b.WriteString("\n## What is known, and what is made up\n")
	for _, r := range replays {
		r.sources(&b)
	}
	return []byte(b.String())
}

func (r Replay) row() string {
	s, right := r.Score, "no"
	if s.Right {
		right = "yes"
	}
	named, after := "nothing", "never"
	if s.Incident != "" {
		named, after = spoken(s.Named), fmt.Sprintf("%d s", s.Seconds)
	}
	ahead := "not claimed"
	if s.Ahead != nil {
		ahead = fmt.Sprintf("%d min", *s.Ahead)
	}
	return fmt.Sprintf("| [%s](#%s) | %s | %s | %s | %s | %s | %d | %d | %s |\n", r.Spec.Title, r.Spec.Name,
		spoken(r.Spec.Record.Cause), named, right, after, ahead, s.Sites, s.False, cleared(s))
}

// cleared says what became of the sites that were reported in error.
func cleared(s Score) string {
	var said []string
	for _, part := range []struct {
		sites []string
		what  string
	}{{s.Cleared, ""}, {s.Missed, " (not mentioned)"}, {s.Blamed, " (blamed)"}} {
		for _, site := range part.sites {
			said = append(said, site+part.what)
		}
	}
	if len(said) == 0 {
		return "none on record"
	}
	return strings.Join(said, ", ")
}

func spoken(c faultline.Component) string {
	if c == "" {
		return "no cause"
	}
	return fmt.Sprintf("%s `%s`", c.DisplayName(), c)
}

// sources says where a reconstruction is from.
func (r Replay) sources(b *strings.Builder) {
	s := r.Spec
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n### %s\n\n%s\n\n", s.Name, s.Title, s.Why)
	fmt.Fprintf(b, "Played from %s to %s UTC; onset %s.", s.Start.Format("2006-01-02 15:04"), s.End.Format("15:04"),
		s.Onset.Format(time.TimeOnly))
	if !s.Record.Ended.IsZero() {
		fmt.Fprintf(b, " The outage itself lasted until %s UTC.", s.Record.Ended.Format("2006-01-02 15:04"))
	}
	b.WriteString("\n\n")
	for _, source := range s.Sources {
		fmt.Fprintf(b, "- %s\n", source)
	}
	if note := s.Record.WordNote; note != "" {
		fmt.Fprintf(b, "- First statement: %s\n", note)
	}
	for _, one := range s.Record.Uncertain {
		fmt.Fprintf(b, "- Made up or not certain: %s\n", one)
	}
}
