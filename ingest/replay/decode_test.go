package replay

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// good holds each type of line with the event that it is. The quick ones must
// not need the full decoder.
var good = []struct {
	name, line string
	quick      bool
	want       faultline.Event
}{
	{"report",
		`{"type":"report","at":"2021-06-08T09:51:03.120Z","site":"bbc.co.uk","symptom":"http_503",` +
			`"reporter":"9f3c01aa22bb44dd","asn":2856,"country":"GB","net":"2312eae8"}`, true,
		faultline.Report{At: at("2021-06-08T09:51:03.12Z"), Site: "bbc.co.uk", Symptom: "http_503",
			Reporter: "9f3c01aa22bb44dd", ASN: 2856, Country: "GB", Net: "2312eae8"}},
	{"run of probes",
		`{"type":"probe","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","vantage":"v","symptom":"ok","latency_ms":9,` +
			`"run":{"from":"2021-06-08T09:50:03Z","count":2,"latency_ms":[1,2,3]}}`, false,
		faultline.Probe{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Vantage: "v", Symptom: "ok", LatencyMS: 2,
			Run: &faultline.ProbeRun{From: at("2021-06-08T09:50:03Z"), Count: 2, LatencyMS: [3]int{1, 2, 3}}}},
	{"report that says little, blanks, any order",
		"{ \"reporter\" : \"r\",\t\"site\" :\"bbc.co.uk\" , \"at\": \"2021-06-08T09:51:03Z\", \"type\" : \"report\" } ",
		true,
		faultline.Report{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Reporter: "r"}},
	{"unknown symptom is other",
		`{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","symptom":"haunted","reporter":"r"}`, true,
		faultline.Report{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Symptom: "other", Reporter: "r"}},
	{"largest ASN", `{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","reporter":"r","asn":4294967295}`,
		true,
		faultline.Report{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Reporter: "r", ASN: 4294967295}},
	{"upper case site, microseconds",
		`{"type":"report","at":"2021-06-08T09:51:03.123999Z","site":"BBC.co.UK","reporter":"r"}`, true,
		faultline.Report{At: at("2021-06-08T09:51:03.123Z"), Site: "bbc.co.uk", Reporter: "r"}},
	{"offset", `{"type":"report","at":"2021-06-08T11:51:03.12+02:00","site":"bbc.co.uk","reporter":"r"}`, false,
		faultline.Report{At: at("2021-06-08T09:51:03.12Z"), Site: "bbc.co.uk", Reporter: "r"}},
	{"unknown members",
		`{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","reporter":"r","via":7,"mood":{"a":[1,null]}}`,
		false,
		faultline.Report{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Reporter: "r"}},
	{"escapes", `{"type":"report","at":"2021-06-08T09:51:03Z","site":"b\u0062c.co.uk","reporter":"r","asn":null}`,
		false,
		faultline.Report{At: at("2021-06-08T09:51:03Z"), Site: "bbc.co.uk", Reporter: "r"}},
	{"probe",
		`{"type":"probe","at":"2021-06-08T09:51:04.011Z","site":"bbc.co.uk","vantage":"lon-1","symptom":"http_503",` +
			`"status":503,"latency_ms":182,"detail":"edge","via":["cdn:fastly","pop:fastly/lhr"]}`, true,
		faultline.Probe{At: at("2021-06-08T09:51:04.011Z"), Site: "bbc.co.uk", Vantage: "lon-1", Symptom: "http_503",
			Status: 503, LatencyMS: 182, Detail: "edge", Via: []faultline.Component{"cdn:fastly", "pop:fastly/lhr"}}},
	{"refused prober",
		`{"type":"probe","at":"2021-06-08T09:51:04Z","site":"bbc.co.uk","vantage":"lon-1","symptom":"ok","status":403}`,
		true,
		faultline.Probe{At: at("2021-06-08T09:51:04Z"), Site: "bbc.co.uk", Vantage: "lon-1", Symptom: "blocked",
			Status: 403}},
	{"site", `{"type":"site","site":"bbc.co.uk","rank":120,"components":["asn:AS54113","cdn:fastly"]}`, true,
		faultline.SiteRecord{Site: "bbc.co.uk", Rank: 120,
			Components: []faultline.Component{"asn:AS54113", "cdn:fastly"}}},
	{"site with an owner", `{"type":"site","site":"a.example","owner":"A","runs":["cdn:a/*","nothing"]}`, false,
		faultline.SiteRecord{Site: "a.example", Owner: "A", Runs: []faultline.Component{"cdn:a/*"}}},
	{"site that uses others", `{"type":"site","site":"a.example","uses":["cdn:b","nothing","cdn:a","cdn:b"]}`, false,
		faultline.SiteRecord{Site: "a.example", Uses: []faultline.Component{"cdn:a", "cdn:b"}}},
	{"site with nothing", `{"type":"site","site":"bbc.co.uk","components":[]}`, true,
		faultline.SiteRecord{Site: "bbc.co.uk"}},
	{"site with shares",
		`{"type":"site","at":"2021-06-08T09:00:00Z","site":"bbc.co.uk","components":["cdn:akamai","cdn:fastly"],` +
			`"shares":{"cdn:akamai":0.25},"source":"observed"}`, false,
		faultline.SiteRecord{At: at("2021-06-08T09:00:00Z"), Site: "bbc.co.uk",
			Components: []faultline.Component{"cdn:akamai", "cdn:fastly"},
			Shares:     map[faultline.Component]float64{"cdn:akamai": .25}, Source: "observed"}},
	{"vantage", `{"type":"vantage","vantage":"lon-1","asn":20473,"country":"GB"}`, true,
		faultline.Vantage{Vantage: "lon-1", ASN: 20473, Country: "GB"}},
	{"statement",
		`{"type":"statement","at":"2021-06-08T09:58:00Z","component":"cdn:fastly","source":"provider status page",` +
			`"status":"investigating","text":"…"}`, false,
		faultline.Statement{At: at("2021-06-08T09:58:00Z"), Component: "cdn:fastly", Source: "provider status page",
			Status: "investigating", Text: "…"}},
	{"readers", `{"type":"readers","at":"2021-06-08T09:58:00Z","node":"n","networks":[{"asn":812,"requests":60},` +
		`{"asn":577,"requests":49},{"asn":3,"country":"GB","requests":70}],"x":1}`, false,
		faultline.Readers{At: at("2021-06-08T09:58:00Z"), Node: "n", Networks: []faultline.ReaderNetwork{
			{ASN: 3, Country: "GB", Requests: 70}, {ASN: 812, Requests: 60}}}},
	{"tick", `{"type":"tick","at":"2021-06-08T09:58:00Z"}`, true, faultline.Tick{At: at("2021-06-08T09:58:00Z")}},
	{"correction",
		`{"type":"correction","at":"2021-06-08T09:58:00Z","incident":"inc_1","by":"ed","text":"no",` +
			`"state":"retracted"}`, false,
		faultline.Correction{At: at("2021-06-08T09:58:00Z"), Incident: "inc_1", By: "ed", Text: "no",
			State: "retracted"}},
	{"epoch", `{"type":"epoch","at":"2021-06-08T09:58:00Z","epoch":"01F7NB"}`, false,
		faultline.Epoch{At: at("2021-06-08T09:58:00Z"), Epoch: "01F7NB"}},
}

// A page loads from few places. A longer list is a mistake, and the line that has it is named.
func TestALineOfTooManyUsesIsRefused(t *testing.T) {
	line, err := faultline.AppendLine(nil, faultline.SiteRecord{Site: "a.example",
		Uses: slices.Repeat([]faultline.Component{"cdn:a"}, faultline.MaxUses+1)})
	if err != nil {
		t.Fatal(err)
	}
	d := newDecoder()
	if _, err := d.decode(line); err == nil || !strings.Contains(err.Error(), "uses: more than 32") {
		t.Errorf("%v", err)
	}
}

func TestDecodeReadsEachTypeOfLine(t *testing.T) {
	d := newDecoder()
	for _, tt := range good {
		got, err := d.decode([]byte(tt.line))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %#v, %v\nwant %#v", tt.name, got, err, tt.want)
		}
		var q quick
		if quick := q.parse([]byte(tt.line), newWords(), &parsed{}); quick != tt.quick {
			t.Errorf("%s: read quickly is %t, want %t", tt.name, quick, tt.quick)
		}
	}
}

func TestDecodeKeepsNothingOfTheLine(t *testing.T) {
	d := newDecoder()
	for _, tt := range good {
		line := []byte(tt.line)
		got, err := d.decode(line)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		for i := range line {
			line[i] = '#'
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: the event changed with the buffer: %#v", tt.name, got)
		}
	}
}

func TestDecodeSharesNoListBetweenEvents(t *testing.T) {
	d := newDecoder()
	line := []byte(
		`{"type":"probe","at":"2021-06-08T09:51:04Z","site":"bbc.co.uk","vantage":"lon-1","via":["cdn:fastly"]}`)
	first, _ := d.decode(line)
	second, _ := d.decode(line)
	first.(faultline.Probe).Via[0] = "cdn:other"
	if got := second.(faultline.Probe).Via[0]; got != "cdn:fastly" {
		t.Errorf("the second event's component became %s", got)
	}
}

func TestDecodeNamesWhatIsMalformed(t *testing.T) {
	const report = `{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","reporter":"r"`
	long := strings.Repeat("a", 254)
	for _, tt := range []struct{ name, line, why string }{
		{"a run of failures", `{"type":"probe","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","vantage":"v",` +
			`"symptom":"timeout","run":{"from":"2021-06-08T09:50:03Z","count":2,"latency_ms":[1,2,3]}}`, "run: "},
		{"no JSON", `hello`, "is not JSON at byte 0"},
		{"no object", `["report"]`, "is not a JSON object"},
		{"cut off", report, "is not JSON"},
		{"two values", report + `}{}`, "is not JSON at byte"},
		{"a name twice", report + `,"site":"ft.com"}`, "is not JSON at byte"},
		{"an unknown name twice", report + `,"x":1,"x":2}`, "is not JSON at byte"},
		{"no UTF-8", report + ",\"country\":\"\xff\"}", "is not JSON at byte"},
		{"a control character", report + ",\"country\":\"\x01\"}", "is not JSON at byte"},
		{"leading zero", report + `,"asn":01}`, "is not JSON at byte"},
		{"no type", `{"site":"bbc.co.uk"}`, "has no type"},
		{"type is a number", `{"type":3}`, "/type: "},
		{"ASN in words", report + `,"asn":"AS812"}`, "/asn: "},
		{"ASN too large", report + `,"asn":4294967296}`, "/asn: "},
		{"negative ASN", report + `,"asn":-1}`, "/asn: "},
		{"report without at", `{"type":"report","site":"bbc.co.uk","reporter":"r"}`, "has no at"},
		{"report without site", `{"type":"report","at":"2021-06-08T09:51:03Z","reporter":"r"}`, "has no site"},
		{"report without reporter", `{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk"}`,
			"has no reporter"},
		{"no such second", `{"type":"tick","at":"2021-06-08T09:51:60Z"}`, "/at: "},
		{"no such day", `{"type":"tick","at":"2021-02-29T09:51:00Z"}`, "/at: "},
		{"time without zone", `{"type":"tick","at":"2021-02-28T09:51:00"}`, "/at: "},
		{"decimal comma", `{"type":"tick","at":"2021-02-28T09:51:00,5Z"}`, "/at: "},
		{"site too long", `{"type":"site","site":"` + long + `"}`, "site: is longer than 253 bytes"},
		{"site with a blank", `{"type":"site","site":"bbc co.uk"}`, "site: has a blank"},
		{"reporter too long", `{"type":"report","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk","reporter":"` + long +
			`"}`, "reporter: is longer"},
		{"probe without vantage", `{"type":"probe","at":"2021-06-08T09:51:03Z","site":"bbc.co.uk"}`, "has no vantage"},
		{"probe without at", `{"type":"probe","site":"bbc.co.uk","vantage":"lon-1"}`, "has no at"},
		{"probe without site", `{"type":"probe","at":"2021-06-08T09:51:03Z","vantage":"lon-1"}`, "has no site"},
		{"site without site", `{"type":"site","rank":1}`, "has no site"},
		{"vantage without vantage", `{"type":"vantage","asn":1}`, "has no vantage"},
		{"statement without component", `{"type":"statement","at":"2021-06-08T09:58:00Z"}`, "has no component"},
		{"statement of nonsense", `{"type":"statement","at":"2021-06-08T09:58:00Z","component":"fastly"}`, `"fastly"`},
		{"statement without at", `{"type":"statement","component":"cdn:fastly"}`, "has no at"},
		{"tick without at", `{"type":"tick"}`, "has no at"},
		{"epoch without epoch", `{"type":"epoch","at":"2021-06-08T09:58:00Z"}`, "has no epoch"},
		{"correction without incident", `{"type":"correction","at":"2021-06-08T09:58:00Z"}`, "has no incident"},
		{"correction without at", `{"type":"correction","incident":"inc_1"}`, "has no at"},
	} {
		_, err := newDecoder().decode([]byte(tt.line))
		if err == nil || errors.Is(err, errIgnored) || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want it to say %q", tt.name, err, tt.why)
		}
	}
}

func TestDecodeIgnoresUnknownTypes(t *testing.T) {
	if _, err := newDecoder().decode([]byte(`{"type":"weather","at":3}`)); !errors.Is(err, errIgnored) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeLeavesOutInvalidComponentsAndNamesThem(t *testing.T) {
	d := newDecoder()
	got, err := d.decode(
		[]byte(
			`{"type":"site","site":"bbc.co.uk","components":["fastly","cdn:fastly","x:y"],"shares":{"nope":1,` +
				`"cdn:fastly":0.5,"cdn:akamai":2}}`))
	want := faultline.SiteRecord{Site: "bbc.co.uk", Components: []faultline.Component{"cdn:fastly"},
		Shares: map[faultline.Component]float64{"cdn:fastly": .5}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	said := strings.Join(d.dropped, "\n")
	for _, name := range []string{`components: "fastly"`, `components: "x:y"`, `shares: "nope"`,
		`shares: 2 of cdn:akamai`} {
		if !strings.Contains(said, name) {
			t.Errorf("%s is not named in:\n%s", name, said)
		}
	}
	probe, err := d.decode(
		[]byte(`{"type":"probe","at":"2021-06-08T09:51:04Z","site":"bbc.co.uk","vantage":"v","via":["fastly"]}`))
	if err != nil || probe.(faultline.Probe).Via != nil ||
		!strings.Contains(strings.Join(d.dropped, ""), `via: "fastly"`) {
		t.Errorf("got %#v, %v, dropped %q", probe, err, d.dropped)
	}
	if _, err := d.decode([]byte(`{"type":"vantage","vantage":"v"}`)); err != nil || len(d.dropped) != 0 {
		t.Errorf("the next line still names %q, %v", d.dropped, err)
	}
}

func TestWordsAreBounded(t *testing.T) {
	w := newWords()
	for i := range 2 * maxWords {
		w.get([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	}
	w.get([]byte(strings.Repeat("x", maxWordLen+1)))
	if len(w) != maxWords || slices.ContainsFunc(w, func(s string) bool { return len(s) > maxWordLen }) {
		t.Errorf("%d words are kept, at most %d should be", len(w), maxWords)
	}
	for _, word := range []string{"", "\x01\x00\x00", strings.Repeat("x", maxWordLen+1)} {
		if got := w.get([]byte(word)); got != word {
			t.Errorf("%q became %q", word, got)
		}
	}
}
