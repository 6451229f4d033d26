package statements

import (
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestBuiltinSourcesSatisfyTheirSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("sources.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("sources.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
	list, err := Builtin()
	if err != nil || len(list) < 317 {
		t.Errorf("%d sources, %v", len(list), err)
	}
	for _, s := range list {
		if !strings.HasPrefix(s.URL, "https://") {
			t.Errorf("%s is asked without TLS", s.Name)
		}
	}
}

func TestBadSourcesAreRefusedByName(t *testing.T) {
	const feed = `"url":"https://a.com","form":"feed"`
	for members, want := range map[string]string{
		feed + `,"says":[{"component":"cdn:x"}]`:                                            "has no name",
		`"name":"Bad","url":"ftp://a.com","form":"feed","says":[{"component":"cdn:x"}]`:     `"ftp://a.com"`,
		`"name":"Bad","url":"https://a.com","form":"letter","says":[{"component":"cdn:x"}]`: `"letter"`,
		`"name":"Bad",` + feed:                                                    "says something",
		`"name":"Bad",` + feed + `,"says":[{"component":"x"}]`:                    `component "x"`,
		`"name":"Bad",` + feed + `,"says":[{"component":"isp:AS1"}]`:              "isp:AS1",
		`"name":"Bad",` + feed + `,"says":[{"component":"cloud:x/{}"}]`:           "go together",
		`"name":"Bad",` + feed + `,"says":[{"component":"cdn:x","only":"("}]`:     "only",
		`"name":"Bad",` + feed + `,"says":[{"component":"cdn:{}","fill":"a"}]`:    "not one group",
		`"name":"Good",` + feed + `,"says":[{"component":"cdn:x"}]`:               "stands twice",
		`"name":"Bad",` + feed + `,"says":[{"component":"cdn:x"}],"colour":"red"`: "colour",
	} {
		doc := `{"sources":[{"name":"Good","url":"https://good.com","form":"feed",` +
			`"says":[{"component":"cdn:good"}]},{` + members + `}]}`
		if _, err := Load(strings.NewReader(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", members, err, want)
		}
	}
}

func TestListsAreLaidOver(t *testing.T) {
	read := func(doc string) []Source {
		list, err := Load(strings.NewReader(`{"sources":[` + doc + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	const says = `"form":"feed","says":[{"component":"cdn:x"}]`
	merged := Over(read(`{"name":"A","url":"https://a.com",`+says+`},{"name":"B","url":"https://b.com",`+says+`}`),
		read(`{"name":"B","off":true},{"name":"A","url":"https://new.com",`+says+
			`},{"name":"C","url":"https://c.com",`+says+`}`))
	if len(merged) != 2 || merged[0].URL != "https://new.com" || merged[1].Name != "C" {
		t.Errorf("%+v", merged)
	}
}
