package main

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// oddValues are what nobody should send, and somebody will.
var oddValues = []string{"0", "-1", "1e9", "NaN", "null", "true", "é", "a b", "%", "../../etc/passwd", "<script>",
	"'; --", "\x00", "\u202e",
	"99999999999999999999", "2021-06-08T10:00:00Z", "1623146400", "inc_0", strings.Repeat("x", 300), "open,",
	"cdn:fastly", "none", "*"}

// goodValues are what fits, by the name of the parameter.
var goodValues = map[string][]string{
	"site": {"bbc.co.uk", "https://www.bbc.co.uk/news", "wikipedia.org", "nobody-calls-a-site-this.com"},
	"kind": {"cdn", "dns", "none"},
	"name": {"fastly", "aws~us-east-1"}, "state": {"open", "confirmed,resolved"}, "cause": {"cdn:fastly", "none"},
	"country":        {"GB"},
	"min_confidence": {"0.5"}, "since": {"2021-06-08T09:00:00Z", "1623140000"}, "until": {"2021-06-08T10:04:00Z"},
	"overlapping": {"true", "false"},
	"fields":      {"id,title"}, "limit": {"1", "100"}, "step": {"60", "300", "3600"}, "q": {"fas", "b"},
	"snapshot": {"0"},
	"n":        {"1", "2", "9999"},
	"file":     {"summary.json", "incidents"}, "part": {"unresolved.json"},
	"url": {"https://faultline.example/site/bbc.co.uk"}, "format": {"json"},
	"of": {"bbc.co.uk", "cdn:fastly,fastly"}, "label": {"our CDN"},
	"maxwidth": {"300"}, "maxheight": {"300"}, "last_event_id": {"1-1"},
}

// fill is a path with its parameters, with some of its query and, once in twelve times,
// with a parameter that is not known.
func fill(path string, params openapi3.Parameters, pick func(string) string, rng *rand.Rand) string {
	query := url.Values{}
	for _, p := range params {
		switch value := pick(p.Value.Name); {
		case p.Value.In == "path":
			path = strings.Replace(path, "{"+p.Value.Name+"}", url.PathEscape(value), 1)
		case p.Value.In == "query" && (p.Value.Required || rng.IntN(3) == 0):
			query.Set(p.Value.Name, value)
		}
	}
	if rng.IntN(12) == 0 {
		query.Set("colour", "blue")
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// Whatever is asked of any operation that reads, nothing of ours breaks, and every
// answer is as documented.
func TestReadsWithstandWhateverIsAsked(t *testing.T) {
	doc, d := strictDocument(t), playedDrill(t)
	rng := rand.New(rand.NewPCG(20260308, 7))
	pick := func(name string) string {
		good := goodValues[name]
		if name == "id" {
			good = d.source.ids
		}
		if len(good) > 0 && rng.IntN(3) > 0 {
			return good[rng.IntN(len(good))]
		}
		return oddValues[rng.IntN(len(oddValues))]
	}
	asked, codes := 0, map[int]int{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		op := doc.Paths.Value(path).Get
		if op == nil || len(op.Parameters) == 0 || op.OperationID == "getStream" || strings.HasPrefix(path, "/docs") ||
			needsToken(op) {
			continue
		}
		for range 40 {
			filled := fill(path, op.Parameters, pick, rng)
			a := ask{operation: op.OperationID, path: filled}
			r := d.request(t.Context(), a)
			got := d.send(r, false)
			asked++
			codes[got.status]++
			if got.status >= http.StatusInternalServerError && got.status != http.StatusNotImplemented {
				t.Errorf("%s: %d %s", filled, got.status, got.body)
				continue
			}
			if strings.Contains(filled, "%2F") || strings.Contains(path, "{part}") &&
				got.status == http.StatusNotFound {
				continue // it may be another path, at which there is nothing
			}
			checkAnswer(t, operation(t, doc, op.OperationID), r, "", false, got)
		}
	}
	if asked < 500 || codes[200] < 100 || codes[400] < 100 {
		t.Errorf("%d asked: %v", asked, codes)
	}
}

// needsToken reports whether nobody may ask without a token.
func needsToken(op *openapi3.Operation) bool {
	return op.Security != nil && len(*op.Security) > 0 && len((*op.Security)[0]) > 0
}
