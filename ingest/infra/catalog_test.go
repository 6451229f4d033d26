package infra_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
	"faultline/ingest/infra"
)

func builtinCatalog(t *testing.T) infra.Catalog {
	t.Helper()
	data, err := os.ReadFile("catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := infra.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBuiltinIsSortedAndComplete(t *testing.T) {
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(records, func(a, b faultline.SiteRecord) int { return strings.Compare(a.Site, b.Site) }) {
		t.Error("records are not sorted by site")
	}
	fastly, others := 0, 0
	for _, r := range records {
		if r.Source != faultline.SourceCatalog {
			t.Errorf("%s: source %q", r.Site, r.Source)
		}
		if slices.Contains(r.Components, "cdn:fastly") {
			fastly++
		} else {
			others++
		}
	}
	if len(records) < 1000 || fastly < 12 || others < 40 {
		t.Errorf("%d records, %d on Fastly, %d not", len(records), fastly, others)
	}
}

func TestBuiltinTellsWhatIsWellKnown(t *testing.T) {
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]faultline.Component{
		"www.gov.uk":   {"cdn:fastly", "tld:uk"},
		"bbc.co.uk":    {"ca:globalsign", "cdn:akamai", "cdn:fastly", "tld:uk"},
		"facebook.com": {"asn:AS32934", "ca:digicert", "dns:facebook", "tld:com"},
		"discord.com":  {"cdn:cloudflare", "dns:cloudflare", "tld:com"},
		"hsbc.co.uk":   {"dns:akamai", "tld:uk"},
	}
	for _, r := range records {
		if w, ok := want[r.Site]; ok && !slices.Equal(r.Components, w) {
			t.Errorf("%s depends on %v, want %v", r.Site, r.Components, w)
		}
		delete(want, r.Site)
	}
	if len(want) > 0 {
		t.Errorf("not in the catalogue: %v", want)
	}
}

// Nothing guessed: each claim of the built-in catalogue says where it is from,
// and no source is explained in vain.
func TestBuiltinNamesItsSources(t *testing.T) {
	c := builtinCatalog(t)
	used := map[string]bool{}
	for _, e := range c.Sites {
		if (len(e.Components) > 0) != (len(e.Sources) > 0) {
			t.Errorf("%s: components %v, sources %v", e.Site, e.Components, e.Sources)
		}
		for _, s := range e.Sources {
			used[s] = true
		}
	}
	for s := range c.Sources {
		if !used[s] {
			t.Errorf("no entry rests on source %q", s)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("catalog.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func satisfies(t *testing.T, schema *jsonschema.Schema, doc string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestBuiltinSatisfiesTheSchema(t *testing.T) {
	data, err := os.ReadFile("catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := satisfies(t, compileSchema(t), string(data)); err != nil {
		t.Error(err)
	}
}

const goodEntry = `{"site":"bbc.co.uk","name":"BBC","rank":1,"category":"news"}`

// What one entry does wrong, schema and loader both refuse, and the loader
// names the entry.
func TestBadEntriesAreRefusedByName(t *testing.T) {
	schema := compileSchema(t)
	entry := func(members string) string { return `{"name":"N","rank":2,"category":"news",` + members + `}` }
	bad := map[string]string{
		"unknown field":       entry(`"site":"bad.example.com","colour":"red"`),
		"upper case":          entry(`"site":"BAD.example.com"`),
		"scheme":              entry(`"site":"https://bad.example.com"`),
		"address":             entry(`"site":"192.0.2.1"`),
		"one label":           entry(`"site":"bad"`),
		"unknown kind":        entry(`"site":"bad.example.com","components":["moon:fastly"]`),
		"no kind":             entry(`"site":"bad.example.com","components":["fastly"]`),
		"shouted component":   entry(`"site":"bad.example.com","components":["cdn:Fastly"]`),
		"asn without AS":      entry(`"site":"bad.example.com","components":["asn:54113"]`),
		"cloud, no region":    entry(`"site":"bad.example.com","components":["cloud:aws"]`),
		"derived tld":         entry(`"site":"bad.example.com","components":["tld:com"]`),
		"viewer's side":       entry(`"site":"bad.example.com","components":["isp:AS812"]`),
		"repeated component":  entry(`"site":"bad.example.com","components":["cdn:fastly","cdn:fastly"]`),
		"category":            `{"site":"bad.example.com","name":"N","rank":2,"category":"Big News"}`,
		"no rank":             `{"site":"bad.example.com","name":"N","category":"news"}`,
		"rank is no integer":  `{"site":"bad.example.com","name":"N","rank":2.5,"category":"news"}`,
		"no name":             `{"site":"bad.example.com","rank":2,"category":"news"}`,
		"too many components": entry(`"site":"bad.example.com","components":[` + manyComponents(33) + `]`),
		"country in words":    entry(`"site":"bad.example.com","country":"Germany"`),
		"alias in capitals":   entry(`"site":"bad.example.com","aliases":["FB"]`),
		"alias with edges":    entry(`"site":"bad.example.com","aliases":[" fb"]`),
		"host with a path":    entry(`"site":"bad.example.com","hosts":["a.com/x"]`),
		"status without TLS":  entry(`"site":"bad.example.com","status":"http://status.a.com"`),
	}
	for name, e := range bad {
		doc := fmt.Sprintf(`{"sites":[%s,%s]}`, goodEntry, e)
		if satisfies(t, schema, doc) == nil {
			t.Errorf("%s: the schema takes it", name)
		}
		_, err := infra.Load(strings.NewReader(doc))
		if err == nil || !strings.Contains(err.Error(), "entry 2") {
			t.Errorf("%s: the loader says %v", name, err)
		}
	}
}

func manyComponents(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"asn:AS%d"`, i+1)
	}
	return strings.Join(list, ",")
}

// What a schema can't say, the loader refuses alone.
func TestLoaderRefusesWhatTheSchemaCannotSay(t *testing.T) {
	for name, c := range map[string]struct{ entries, want string }{
		"site twice": {goodEntry + `,{"site":"bbc.co.uk","name":"B","rank":2,"category":"news"}`,
			`entry 2 ("bbc.co.uk"): site stands twice`},
		"rank twice": {goodEntry + `,{"site":"ft.com","name":"FT","rank":1,"category":"news"}`,
			`entry 2 ("ft.com"): rank 1 is that of bbc.co.uk`},
		"needless www": {`{"site":"www.bbc.co.uk","name":"B","rank":2,"category":"news"}`, `write bbc.co.uk`},
		"public suffix": {`{"site":"gov.uk","name":"G","rank":2,"category":"news"}`,
			`entry 1 ("gov.uk"): site is a public suffix`},
		"alias of another": {
			`{"site":"a.com","name":"A","rank":1,"category":"news","aliases":["a"]},{"site":"b.com","name":"B",` +
				`"rank":2,"category":"news","aliases":["a"]}`, `entry 2 ("b.com"): "a" leads to a.com already`},
		"host is a site": {
			`{"site":"a.com","name":"A","rank":1,"category":"news","hosts":["b.com"]},{"site":"b.com","name":"B",` +
				`"rank":2,"category":"news"}`, `"b.com" leads to a.com and is a site`},
		"host is a suffix": {`{"site":"a.com","name":"A","rank":1,"category":"news","hosts":["co.uk"]}`,
			`host "co.uk"`},
		"host bits": {
			`{"site":"a.com","name":"A","rank":2,"category":"news","components":["prefix:151.101.0.1/16"]}`,
			`"prefix:151.101.0.1/16"`},
		"unknown source": {`{"site":"a.com","name":"A","rank":2,"category":"news","sources":["hearsay"]}`,
			`source "hearsay"`},
		"member twice": {`{"site":"a.com","site":"b.com","name":"A","rank":2,"category":"news"}`, `"site"`},
		"two at one stroke": {
			`{"site":"A.com","name":"A","rank":2,"category":"news"},{"site":"b.com","name":"","rank":3,` +
				`"category":"news"}`, `entry 2 ("b.com")`},
	} {
		_, err := infra.Load(strings.NewReader(`{"sites":[` + c.entries + `]}`))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %s", name, err, c.want)
		}
	}
}

func TestLoadRefusesDocuments(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing":            ``,
		"no sites":           `{"as_of":"2025-12-31"}`,
		"unknown head field": `{"sites":[` + goodEntry + `],"colour":"red"}`,
		"not an object":      `[]`,
		"rest after it":      `{"sites":[` + goodEntry + `]} {}`,
	} {
		if records, err := infra.Load(strings.NewReader(doc)); err == nil {
			t.Errorf("%s: taken as %v", name, records)
		}
	}
}

func TestLoadTakesAnOperatorsFile(t *testing.T) {
	doc := `{"sites":[{"site":"shop.example.de","name":"Shop","rank":7,"category":"shopping",` +
		`"components":["pop:fastly/fra","cdn:fastly","prefix:151.101.0.0/16"]},` + goodEntry + `]}`
	records, err := infra.Load(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	want := "[bbc.co.uk 1 [tld:uk] shop.example.de 7 [cdn:fastly pop:fastly/fra prefix:151.101.0.0/16 tld:de]]"
	got := make([]string, len(records))
	for i, r := range records {
		got[i] = fmt.Sprint(r.Site, " ", r.Rank, " ", r.Components)
	}
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Programs depend on hosts that nobody visits: enough of them are watched, of each kind.
func TestTheCatalogueHasWhatProgramsCall(t *testing.T) {
	c, err := infra.BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	total, by := 0, map[string]int{}
	for _, e := range c.Sites {
		if !e.API {
			continue
		}
		total++
		by[e.Category]++
		if !faultline.APIHost(e.Site) {
			t.Errorf("%s is not checked as an API", e.Site)
		}
	}
	for _, kind := range []string{"payments", "mail", "identity", "maps", "ai", "messaging", "developer"} {
		if by[kind] < 8 {
			t.Errorf("%d hosts of %s", by[kind], kind)
		}
	}
	if total < 150 {
		t.Errorf("%d hosts that programs call", total)
	}
}
