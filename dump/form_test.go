package dump

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
)

const schemasDir = "../docs/schemas"

// schemaOf is a published schema, with the formats of its strings checked.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(schemasDir, name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(name)
}

func fits(t *testing.T, schema *jsonschema.Schema, name string, row any) {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s: %s\ndoes not fit: %v", name, text, err)
	}
}

// columnsIn reads a Parquet file.
func columnsIn[T any](t *testing.T, dir, name string) []T {
	t.Helper()
	rows, err := parquet.ReadFile[T](filepath.Join(dir, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rows
}

// Each row of each file fits the schema that the manifest names for it, and the two forms
// of a table have the same rows.
func TestEveryRowFitsItsPublishedSchema(t *testing.T) {
	dir, m := written(t, kept{4})
	named := map[string]bool{}
	for _, f := range m.Files {
		if f.Schema != "" {
			named[f.Schema] = true
		}
	}
	published, err := fs.Glob(os.DirFS(schemasDir), "dump-*.json")
	if err != nil || len(published) != len(named) {
		t.Errorf("%v are published, and %v are named: %v", published, named, err)
	}
	agree(t, "series", rowsOf[Hour](t, dir, "series.ndjson.gz"), columnsIn[Hour](t, dir, "series.parquet"), same)
	agree(t, "sites", rowsOf[Site](t, dir, "sites.ndjson.gz"), columnsIn[Site](t, dir, "sites.parquet"), same)
	agree(t, "proofs", rowsOf[Proof](t, dir, "proofs.ndjson.gz"), columnsIn[Proof](t, dir, "proofs.parquet"), same)
	agree(t, "incidents", rowsOf[Revision](t, dir, "incidents.ndjson.gz"),
		columnsIn[Columns](t, dir, "incidents.parquet"), columnsOf)
	for _, line := range rowsOf[any](t, dir, "incidents.ndjson.gz") {
		fits(t, schemaOf(t, schemas["incidents.ndjson.gz"]), "incidents.ndjson.gz", line)
	}
	body, err := os.ReadFile(filepath.Join(dir, codfName))
	if err != nil {
		t.Fatal(err)
	}
	var events []any
	if err := json.Unmarshal(body, &events); err != nil || len(events) != 1 {
		t.Errorf("codf.json: %s, %v", body, err)
	}
	fits(t, schemaOf(t, schemas[codfName]), codfName, events)
}

// agree compares the rows of the two forms of a table, and those in columns with their schema.
func agree[T, P any](t *testing.T, name string, lines []T, columns []P, of func(T) P) {
	t.Helper()
	if len(lines) != len(columns) || len(lines) == 0 {
		t.Fatalf("%s: %d lines and %d rows in columns", name, len(lines), len(columns))
	}
	schema := schemaOf(t, schemas[name+".parquet"])
	for i := range lines {
		want, err := json.Marshal(of(lines[i]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(columns[i])
		if err != nil || !bytes.Equal(want, got) {
			t.Errorf("%s, row %d: lines have %s, columns %s: %v", name, i, want, got, err)
		}
		fits(t, schema, name+".parquet", columns[i])
	}
}

// Only what ended, was confirmed and has a cause is an outage of the day, in the members
// that IODA has.
func TestOutagesAreWrittenAsIODAWritesThem(t *testing.T) {
	confirmed, ended := day.Add(2*time.Hour), day.Add(3*time.Hour)
	outage := faultline.Incident{State: faultline.StateResolved, ConfirmedAt: &confirmed, ResolvedAt: &ended,
		Basis: faultline.BasisReports, Onset: faultline.Onset{At: day.Add(-time.Hour)},
		Cause: &faultline.Cause{Component: "isp:AS812", Name: "Rogers (AS812)"}}
	event, ok := codf(outage, day, day.AddDate(0, 0, 1))
	text, err := json.Marshal(event)
	const want = `{"location":"asn/812","start":1772319600,"duration":14400,"uncertainty":null,"method":"faultline",` +
		`"datasource":"reports","status":0,"fraction":null,"score":null,"location_name":"Rogers (AS812)",` +
		`"overlaps_window":true}`
	if err != nil || !ok || string(text) != want {
		t.Errorf("%s, %v, %v", text, ok, err)
	}
	for name, change := range map[string]func(*faultline.Incident){
		"it goes on":              func(i *faultline.Incident) { i.State = faultline.StateRecovering },
		"it was never confirmed":  func(i *faultline.Incident) { i.ConfirmedAt = nil },
		"nobody knows the cause":  func(i *faultline.Incident) { i.Cause = nil },
		"it ended the day before": func(i *faultline.Incident) { i.ResolvedAt = &i.Onset.At },
		"it begins the day after": func(i *faultline.Incident) { i.Onset.At = day.AddDate(0, 0, 1) },
	} {
		other := outage
		change(&other)
		if event, ok := codf(other, day, day.AddDate(0, 0, 1)); ok {
			t.Errorf("%s, and it is written: %+v", name, event)
		}
	}
	if got := location("cloud:aws/us-east-1"); got != "cloud/aws/us-east-1" {
		t.Error(got)
	}
}

// Nothing of a revision counts fewer than five people, by itself or less another revision.
func TestRevisionsCountNoFewPeople(t *testing.T) {
	for reporters := range 23 {
		inc := faultline.Incident{ID: "inc_1", Revision: 1,
			Evidence: faultline.Evidence{Reports: 3 * reporters, Reporters: reporters, Networks: reporters,
				Countries: []string{"MT"}, Probes: 9, ProbesFailed: 8, Vantages: 2},
			Sites: []faultline.IncidentSite{{Site: "a.net", Reports: reporters, Probes: 7}},
			Exonerated: []faultline.Exonerated{{Site: "b.net", Reporters: 1, Reason: "1 person", Networks: 1,
				Probes: 4}}}
		r := revisionOf(inc)
		n := r.Evidence.PeopleAtLeast
		if (n == nil) != (reporters > 0 && reporters < MinPeople) || n != nil && *n != reporters/MinPeople*MinPeople {
			t.Errorf("%d people are said to be %v", reporters, n)
		}
		if r.Evidence.Probes != 9 || r.Sites[0].Probes != 7 || r.Exonerated[0].Probes != 4 || !r.Withheld {
			t.Errorf("%+v", r)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{`"reports"`, `"reporters"`, `"networks"`, `"MT"`, "1 person"} {
			if bytes.Contains(text, []byte(member)) {
				t.Errorf("%s has %s", text, member)
			}
		}
	}
	if r := revisionOf(faultline.Incident{}); r.Withheld || *r.Evidence.PeopleAtLeast != 0 {
		t.Errorf("nobody reported: %+v", r)
	}
}
