package scenario_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
	"faultline/scenario"
)

const fastly = "fastly-2021-06-08"

func builtin(t *testing.T, name string) scenario.Spec {
	t.Helper()
	s, err := scenario.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEverySpecIsReadableAndFollowsTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("spec.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	names := scenario.Names()
	if !slices.Contains(names, fastly) {
		t.Errorf("names: %v", names)
	}
	for _, name := range names {
		builtin(t, name)
		data, err := os.ReadFile(filepath.Join("specs", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownNameIsNotFoundAndToldWhatThereIs(t *testing.T) {
	_, err := scenario.Builtin("../specs/" + fastly)
	if !errors.Is(err, faultline.ErrNotFound) || !strings.Contains(err.Error(), fastly) {
		t.Errorf("error: %v", err)
	}
}

// small is a spec with one of everything.
const small = `{
"name":"small-one","title":"Small","why":"To be small.","seed":1,
"start":"2024-03-06T09:00:00Z","onset":"2024-03-06T10:00:00Z","end":"2024-03-06T11:00:00Z",
"vantages":[{"vantage":"lon-1","asn":1,"country":"GB","cadence_s":60,"latency_ms":50},{"vantage":"nyc-1","asn":2,"country":"US","cadence_s":60,"latency_ms":50}],
"noise":{"probe_failure":0,"symptoms":{"timeout":1},"own_faults_per_day":0,"own_fault_minutes":0},
"crowd":{"rate":400,"exponent":0.5,"quiet":0,"weary_s":0,"lag_shape":2,"lag_mean_s":120,"home":1,"silent":0,"vague":0,"complaints":{"slow":1},
"networks":[{"asn":10,"country":"GB","share":1,"prefixes":4},{"asn":20,"country":"US","share":1,"prefixes":4}]},
"failures":[{"component":"cdn:x","q":[{"at":"2024-03-06T10:00:00Z","q":1}],"symptoms":{"http_503":1},"returns":[{"at":"2024-03-06T10:30:00Z","share":0},{"at":"2024-03-06T10:40:00Z","share":1}]}],
"echoes":[{"sites":["b.example"],"from":"2024-03-06T10:00:00Z","to":"2024-03-06T10:30:00Z","factor":5}],
"statements":[{"at":"2024-03-06T10:10:00Z","component":"cdn:x","source":"status page","status":"investigating","text":"We look."}],
"sites":[
{"site":"a.example","rank":3,"components":["cdn:x"]},
{"site":"b.example","rank":99,"components":["cdn:y"],"home":"US"},
{"site":"c.example","rank":99,"components":["cdn:x","cdn:y"],"shares":{"cdn:x":0.3}}]}`

func parse(t *testing.T, text string) scenario.Spec {
	t.Helper()
	s, err := scenario.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBadSpecsAreRefusedByPlace(t *testing.T) {
	parse(t, small)
	for name, c := range map[string]struct{ old, new, want string }{
		"empty":               {small, "", "EOF"},
		"unknown member":      {`"seed":1`, `"seed":1,"sede":2`, "sede"},
		"member twice":        {`"seed":1`, `"seed":1,"seed":2`, "seed"},
		"wrong type":          {`"rank":3`, `"rank":"3"`, "/sites/0/rank"},
		"two documents":       {`"shares":{"cdn:x":0.3}}]}`, `"shares":{"cdn:x":0.3}}]}{}`, "after top-level value"},
		"name":                {`"small-one"`, `"Small One"`, "/name: "},
		"end first":           {`"end":"2024-03-06T11`, `"end":"2024-03-06T08`, "/end: "},
		"too long":            {`"end":"2024-03-06T11`, `"end":"2024-06-06T11`, "/end: "},
		"no quiet":            {`"onset":"2024-03-06T10`, `"onset":"2024-03-06T09`, "/onset: "},
		"vantage twice":       {`"nyc-1"`, `"lon-1"`, "/vantages/1/vantage: "},
		"vantage without asn": {`"asn":2,`, `"asn":0,`, "/vantages/1/asn: "},
		"cadence": {`"cadence_s":60,"latency_ms":50},{`, `"cadence_s":0,"latency_ms":50},{`,
			"/vantages/0/cadence_s: "},
		"country":              {`"GB","cadence_s"`, `"gb","cadence_s"`, "/vantages/0/country: "},
		"probability":          {`"probe_failure":0`, `"probe_failure":1.5`, "/noise/probe_failure: "},
		"faults of no length":  {`"own_faults_per_day":0`, `"own_faults_per_day":1`, "/noise/own_fault_minutes: "},
		"half a mix":           {`{"timeout":1}`, `{"timeout":0.5}`, "/noise/symptoms: "},
		"symptom":              {`{"slow":1}`, `{"sluggish":1}`, "/crowd/complaints/sluggish: "},
		"a failure that is ok": {`{"http_503":1}`, `{"ok":1}`, "/failures/0/symptoms/ok: "},
		"no network": {
			`[{"asn":10,"country":"GB","share":1,"prefixes":4},{"asn":20,"country":"US","share":1,"prefixes":4}]`, `[]`,
			"/crowd/networks: "},
		"prefixes": {`"share":1,"prefixes":4}]`, `"share":1,"prefixes":0}]`,
			"/crowd/networks/1/prefixes: "},
		"nobody's component": {`{"component":"cdn:x","q"`, `{"component":"cdn:z","q"`, "/failures/0/component: "},
		"isp without number": {`{"component":"cdn:x","q"`, `{"component":"isp:rogers","q"`,
			"/failures/0/component: "},
		"fails in the quiet": {`[{"at":"2024-03-06T10:00:00Z","q":1}]`, `[{"at":"2024-03-06T09:00:00Z","q":1}]`,
			"/failures/0/q/0/at: "},
		"time stands still": {`[{"at":"2024-03-06T10:00:00Z","q":1}]`,
			`[{"at":"2024-03-06T10:00:00Z","q":1},{"at":"2024-03-06T10:00:00Z","q":0}]`, "/failures/0/q/1/at: "},
		"no q":            {`[{"at":"2024-03-06T10:00:00Z","q":1}]`, `[]`, "/failures/0/q: "},
		"goes away again": {`"share":0}`, `"share":1}`, ""},
		"returns fall": {`:40:00Z","share":1}`, `:40:00Z","share":1},{"at":"2024-03-06T10:50:00Z","share":0.5}`,
			"/failures/0/returns/2: "},
		"echo of nobody":     {`"sites":["b.example"]`, `"sites":["z.example"]`, "/echoes/0/sites/0: "},
		"echo backwards":     {`"to":"2024-03-06T10:30`, `"to":"2024-03-06T09:30`, "/echoes/0: "},
		"statement too late": {`"at":"2024-03-06T10:10`, `"at":"2024-03-06T12:10`, "/statements/0/at: "},
		"site in capitals":   {`{"site":"a.example"`, `{"site":"A.example"`, "/sites/0/site: "},
		"site twice":         {`{"site":"c.example"`, `{"site":"b.example"`, "/sites/2/site: "},
		"rank":               {`"rank":3`, `"rank":0`, "/sites/0/rank: "},
		"tld told":           {`["cdn:y"],"home"`, `["tld:example"],"home"`, "/sites/1/components/0: "},
		"share of another":   {`"shares":{"cdn:x":0.3}`, `"shares":{"cdn:a/b":0.3}`, "/sites/2/shares/cdn:a~1b: "},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Fatalf("%s: nothing was replaced", name)
		}
		_, err := scenario.Parse(strings.NewReader(text))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: refused: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestErrorsAreNamedTogetherAndBounded(t *testing.T) {
	s := parse(t, small)
	for range 100 {
		s.Sites = append(s.Sites, scenario.Site{Site: "no host", Rank: 1})
	}
	lines := strings.Split(s.Check().Error(), "\n")
	if len(lines) < 10 || len(lines) > 30 || !strings.HasPrefix(lines[0], "/sites/3/site: ") {
		t.Errorf("%d complaints, the first %q", len(lines), lines[0])
	}
}
