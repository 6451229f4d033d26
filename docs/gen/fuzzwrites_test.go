package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline/api"
	"faultline/api/token"
)

// How many requests each operation gets that are not what it asks for.
const oddAsks = 60

// scopesOf are the scopes that operations with a token need.
var scopesOf = map[string]string{"postProbes": token.ScopeProbes, "getProbesWork": token.ScopeProbes,
	"postAlertmanager": token.ScopeAlertmanager,
	"postUptimeKuma":   token.ScopeUptimeKuma, "postGatus": token.ScopeGatus, "postAnnotation": token.ScopeAnnotate,
	"postToken":   token.ScopeAdmin,
	"deleteToken": token.ScopeAdmin, "postVantage": token.ScopeAdmin, "deleteVantage": token.ScopeAdmin,
	"postWebhook": token.ScopeWebhooks, "getWebhooks": token.ScopeWebhooks, "deleteWebhook": token.ScopeWebhooks,
	"postWebhookTest": token.ScopeWebhooks, "postWebhookConfirm": token.ScopeWebhooks,
	"getWebhookDeliveries": token.ScopeWebhooks, "postWebhookRedeliver": token.ScopeWebhooks,
	"getKey": token.ScopeWebhooks, "postKeyRotate": token.ScopeWebhooks, "deleteKey": token.ScopeWebhooks}

// Whatever is sent to any operation that takes something or asks for a token,
// nothing of ours breaks, and every answer is as documented.
func TestWritesWithstandWhateverIsSent(t *testing.T) {
	doc, d := strictDocument(t), playedDrill(t)
	bodies := goodBodies()
	rng := rand.New(rand.NewPCG(20260309, 11))
	codes := map[int]int{}
	fuzzed := 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		operations := doc.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			if method == http.MethodGet && !needsToken(op) {
				continue // TestReadsWithstandWhateverIsAsked
			}
			if needsToken(op) && scopesOf[op.OperationID] == "" {
				t.Errorf("%s needs a token, and this test knows of no scope", op.OperationID)
			}
			fuzzed++
			for range oddAsks {
				a := oddAsk(rng, op, method, path, bodies[op.OperationID])
				got := checkOdd(t, doc, d, a)
				codes[got.status]++
			}
		}
	}
	for _, status := range []int{200, 202, 400, 401, 403, 404, 415} {
		if codes[status] == 0 {
			t.Errorf("no answer is %d: %v", status, codes)
		}
	}
	if fuzzed < 12 {
		t.Errorf("%d operations", fuzzed)
	}
}

func checkOdd(t *testing.T, doc *openapi3.T, d *drill, a ask) answer {
	t.Helper()
	r := d.request(t.Context(), a)
	got := d.send(r, false)
	if got.status >= http.StatusInternalServerError {
		t.Errorf("%s %s %.300s: %d %s", r.Method, r.URL, a.body, got.status, got.body)
		return got
	}
	if got.status == http.StatusNotFound && strings.Contains(a.path, "%2F") {
		return got // another path, at which there is nothing
	}
	checkAnswer(t, operation(t, doc, a.operation), r, a.body, true, got)
	if got.status == http.StatusBadRequest {
		for _, e := range decodeStrictly[api.Problem](t, got.body).Errors {
			if e.Detail == "" {
				t.Errorf("%s %.300s: an error says nothing: %s", r.URL, a.body, got.body)
			}
		}
	}
	return got
}

// goodBodies are what fits, by operation.
func goodBodies() map[string][]ask {
	good := map[string][]ask{}
	for _, a := range asks() {
		if a.body != "" && a.status >= 200 && a.status < 300 {
			good[a.operation] = append(good[a.operation], a)
		}
	}
	return good
}

// oddAsk is a request that is nearly, or not at all, what an operation asks for.
func oddAsk(rng *rand.Rand, op *openapi3.Operation, method, path string, bodies []ask) ask {
	odd := func() string { return oddValues[rng.IntN(len(oddValues))] }
	a := ask{operation: op.OperationID, method: method, scope: scopesOf[op.OperationID]}
	for _, p := range op.Parameters {
		value := map[string]string{"id": "wh_example"}[p.Value.Name]
		if strings.HasSuffix(path, "/annotations") {
			value = "{id}" // of the drill
		}
		if value == "" || rng.IntN(4) == 0 {
			value = escape(odd())
		}
		switch {
		case p.Value.In == "path":
			path = strings.Replace(path, "{"+p.Value.Name+"}", value, 1)
		case p.Value.In == "query" && p.Value.Name != "revision" && p.Value.Name != "wait" && rng.IntN(3) == 0:
			path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + p.Value.Name + "=" +
				escape(odd())
		}
	}
	a.path = path
	switch rng.IntN(12) {
	case 0:
		a.scope = ""
	case 1:
		a.forged = true
		a.scope = ""
	case 2:
		a.scope = token.Scopes[rng.IntN(len(token.Scopes))] // mostly not the one that it takes
	}
	if len(bodies) == 0 {
		return a
	}
	from := bodies[rng.IntN(len(bodies))]
	a.media, a.body = from.media, spoil(rng, from.body)
	if rng.IntN(12) == 0 {
		a.media = []string{"text/plain", "application/xml", "application/json; charset=utf-16",
			"multipart/form-data"}[rng.IntN(4)]
	}
	return a
}

func escape(text string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", "?", "%3F", "#", "%23", " ", "%20", "\x00", "%00", "<", "%3C",
		">", "%3E", "\u202e", "%E2%80%AE", "é", "%C3%A9", "&", "%26").Replace(text)
}

// spoil makes something of a body that fits which may not.
func spoil(rng *rand.Rand, body string) string {
	if lines := strings.Split(strings.TrimSpace(body), "\n"); len(lines) > 1 { // NDJSON
		lines[rng.IntN(len(lines))] = spoil(rng, lines[0])
		return strings.Join(lines, "\n") + "\n"
	}
	switch rng.IntN(10) {
	case 0:
		return body
	case 1:
		return body[:rng.IntN(len(body))]
	case 2:
		return body + body
	case 3:
		return strings.Repeat("[", 2_000)
	case 4:
		return []string{"", "null", "[]", "{}", "7", `""`, "\xff\xfe", "\x00", `{"":""}`, `{"a":1e400}`}[rng.IntN(10)]
	case 5:
		at := rng.IntN(len(body))
		return body[:at] + string(rune(rng.IntN(0x250))) + body[at:]
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return body
	}
	text, err := json.Marshal(change(rng, v))
	if err != nil {
		return body
	}
	return string(text)
}

// change puts something else into one place of a JSON value.
func change(rng *rand.Rand, v any) any {
	odd := []any{nil, true, -1.0, 1e300, 0.5, "", oddValues[rng.IntN(len(oddValues))], []any{}, map[string]any{},
		[]any{nil}, map[string]any{"x": 1.0}}
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) == 0 || rng.IntN(8) == 0 {
			v[fmt.Sprint("new", rng.IntN(9))] = odd[rng.IntN(len(odd))]
			return v
		}
		name := names[rng.IntN(len(names))]
		if rng.IntN(5) == 0 {
			delete(v, name)
		} else {
			v[name] = change(rng, v[name])
		}
		return v
	case []any:
		if len(v) == 0 || rng.IntN(6) == 0 {
			return append(v, odd[rng.IntN(len(odd))])
		}
		at := rng.IntN(len(v))
		v[at] = change(rng, v[at])
		return v
	}
	return odd[rng.IntN(len(odd))]
}
