package main

import (
	"fmt"
	"strings"

	"faultline/scenario/accuracy"
)

// table is the scores of the run: of each method in all and by group of kinds, and of ours by
// kind too.
type table struct {
	kinds   []string
	methods []string
	byKind  map[string]*accuracy.Score
	total   map[string]*accuracy.Score
	byGroup map[string]map[string]*accuracy.Score // by group, then by method
}

// newTable makes a table without scores. alone leaves the baselines out.
func newTable(kinds []string, alone bool) *table {
	t := &table{kinds: kinds, methods: []string{ours}, byKind: map[string]*accuracy.Score{},
		total: map[string]*accuracy.Score{}, byGroup: map[string]map[string]*accuracy.Score{}}
	if !alone {
		for _, b := range baselines {
			t.methods = append(t.methods, b.name)
		}
	}
	for _, k := range kinds {
		t.byKind[k] = &accuracy.Score{}
		t.byGroup[accuracy.GroupOf(k)] = map[string]*accuracy.Score{}
	}
	for _, m := range t.methods {
		t.total[m] = &accuracy.Score{}
		for _, scores := range t.byGroup {
			scores[m] = &accuracy.Score{}
		}
	}
	return t
}

// add adds the scores of one scenario, which is of a kind.
func (t *table) add(kind string, scores map[string]accuracy.Score) {
	t.byKind[kind].Add(scores[ours])
	for name, s := range scores {
		t.total[name].Add(s)
		t.byGroup[accuracy.GroupOf(kind)][name].Add(s)
	}
}

// headings and rule are the head of the tables in Markdown.
const headings = "| %-18s | runs | found | named | false | split | innocent | F1 | false/week | ttd | p90 | onset " +
	"err | cover | width | end err | sites F1 | Brier |\n"

var rule = "|---|" + strings.Repeat("---:|", 16) + "\n"

// text is the table in Markdown.
func (t *table) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, headings, "kind")
	b.WriteString(rule)
	for _, k := range t.kinds {
		row(&b, k, t.byKind[k])
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, headings, "method")
	b.WriteString(rule)
	for _, m := range t.methods {
		row(&b, m, t.total[m])
	}
	t.groups(&b)
	t.calibration(&b)
	return b.String()
}

// calibration prints how often our confirmed causes are right by how sure they were (a
// reliability diagram in numbers), and how sharp their alternatives are.
func (t *table) calibration(b *strings.Builder) {
	claims := t.total[ours].Claims
	if len(claims) == 0 {
		return
	}
	b.WriteString("\n| confidence from | causes | mean confidence | right |\n|---:|---:|---:|---:|\n")
	for _, bin := range accuracy.Reliability(claims) {
		fmt.Fprintf(b, "| %.2f | %d | %.3f | %.3f |\n", bin.From, bin.Claims, bin.Confidence, bin.Right)
	}
	s := accuracy.SharpnessOf(claims)
	fmt.Fprintf(b,
		"\n%d causes were right. Beside each, %.2f alternatives were named on average, and a share of %.3f of them "+
			"was right too. Another %.2f components on average would have been right, and were not named.\n",
		s.Claims, s.Alternatives, s.Accepted, s.Held)
}

// groups prints F1 of components and the false incidents of each method, by group.
func (t *table) groups(b *strings.Builder) {
	b.WriteString("\n| group | runs |")
	for _, m := range t.methods {
		b.WriteString(" " + m + " |")
	}
	b.WriteString("\n|---|---:|" + strings.Repeat("---:|", len(t.methods)) + "\n")
	for _, g := range accuracy.Groups() {
		scores, played := t.byGroup[g]
		if !played {
			continue
		}
		fmt.Fprintf(b, "| %s | %d |", g, scores[ours].Scenarios)
		for _, m := range t.methods {
			fmt.Fprintf(b, " %s, %d false |", f1(scores[m]), scores[m].False)
		}
		b.WriteString("\n")
	}
}

// f1 is the F1 of components; a dash where no fault was to be found.
func f1(r *accuracy.Score) string {
	if r.Demanded == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", r.Summary().F1)
}

// report is the table as a document, docs/accuracy.md, that says how it was made and what
// each column means.
func (t *table) report(opt options) string {
	var b strings.Builder
	b.WriteString("# Accuracy\n\n" +
		"After this page you know how often the result is right, how fast, and by which measure.\n\n")
	fmt.Fprintf(&b,
		"Commit %s, %d scenarios, %s seeds; made by `make accuracy ACCURACY=\"--first %d --save "+
			"docs/accuracy.md\"`.\n\n", opt.Commit, opt.Scenarios, opt.Seeds, opt.First)
	b.WriteString(`Each scenario is drawn by chance over a synthetic internet of 2,000 to 2,500 sites. Of
these, 160 to 230 are probed from three vantages every 45 to 90 seconds. The list of sites
lacks 6 % of its entries, and 2 % are stale. People grumble by rank and time of day, and
some sites fail on their own. The kinds are in ` + "`scenario/accuracy`" + `; even seeds are for tuning, odd ones are
held out.

- *found*: faults that had to be found and were. An incident was confirmed between 2 minutes
  before their onset and 10 after their end, under the component or one with the same members.
- *named*: those that were found under the very component.
- *false*: confirmed incidents that match no fault, retracted ones too.
- *split*: a second incident for the same fault.
- *innocent*: members of confirmed incidents that liars named and at which nothing fails.
- *F1*: of components.
- *ttd*: from onset to confirmation, median and 90th percentile.
- *onset err*, *end err*: medians.
- *cover*: the share of onsets inside their interval; *width*: its median.
- *sites F1*: of the sites named, against those that could be seen to fail.
- *Brier*: mean of (confidence − right)² over confirmed causes.

The first table is Faultline by kind. The second has other methods on the same
events. Each sees the events through the same preparation, with one threshold per site. Their
parameters are near their best on the tuning seeds. They give no confidence, and take the
first failure as the onset. The third
has F1 and false incidents of each by group of kinds. The last is how often Faultline's
confirmed causes are right, by how sure they were said to be.

`)
	b.WriteString(t.text())
	return b.String()
}

// row prints one row of the tables.
func row(b *strings.Builder, name string, r *accuracy.Score) {
	if r.Scenarios == 0 {
		return
	}
	s := r.Summary()
	fmt.Fprintf(b, "| %-18s | %d | %d/%d | %d | %d | %d | %d | %s | %.1f | %s | %s | %s | %s | %s | %s | %s | %s |\n",
		name, r.Scenarios, r.Found, r.Demanded, r.Named, r.False, r.Split, r.Innocent, f1(r), s.FalsePerWeek,
		seconds(s.TTDMedian), seconds(s.TTDp90), seconds(s.OnsetErr), share(s.OnsetCover), seconds(s.OnsetWidth),
		seconds(s.EndErr), share(s.SitesF1), share(s.Brier))
}

// seconds writes a time; a dash where there was nothing to measure.
func seconds(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f s", *v)
}

// share writes a number from 0 to 1; a dash where there was nothing to measure.
func share(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f", *v)
}

// figures is a score with its summary, as JSON has them.
type figures struct {
	accuracy.Score
	accuracy.Summary
}

// document is the result as JSON (--json).
type document struct {
	Kinds   map[string]figures `json:"kinds"` // of ours
	Methods map[string]figures `json:"methods"`
	// Of ours: the reliability curve, and how alternatives are chosen.
	Reliability []accuracy.Bin     `json:"reliability"`
	Sharpness   accuracy.Sharpness `json:"sharpness"`
}

// document makes it.
func (t *table) document() document {
	d := document{Kinds: map[string]figures{}, Methods: map[string]figures{}}
	d.Reliability, d.Sharpness = accuracy.Reliability(t.total[ours].Claims), accuracy.SharpnessOf(t.total[ours].Claims)
	for k, s := range t.byKind {
		if s.Scenarios > 0 {
			d.Kinds[k] = figures{*s, s.Summary()}
		}
	}
	for m, s := range t.total {
		d.Methods[m] = figures{*s, s.Summary()}
	}
	return d
}
