package main

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"faultline"
	"faultline/api"
)

// table returns the cells of a table of docs/api.md, without its head, that begins so.
func table(t *testing.T, head string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, found := strings.Cut(string(text), "\n"+head+"\n")
	if !found {
		t.Fatalf("docs/api.md has no table %s", head)
	}
	for i, line := range strings.Split(lines, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i > 0 { // the line below the head
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return rows
}

// refusals are the statuses with which routes refuse.
func refusals(t *testing.T) map[string]bool {
	t.Helper()
	answered := map[string]bool{"405": true, "500": true} // of any route; see the document's description
	var statuses []string
	for _, item := range strictDocument(t).Paths.Map() {
		for _, op := range item.Operations() {
			statuses = slices.AppendSeq(statuses, maps.Keys(op.Responses.Map()))
		}
	}
	for _, status := range statuses {
		if status >= "400" {
			answered[status] = true
		}
	}
	return answered
}

// The table of errors has each status with which any route may refuse, and no other, and the type
// that its problem has.
func TestTheTableOfErrorsHasEveryProblem(t *testing.T) {
	said := map[string]string{}
	for _, row := range table(t, "| status | type | when | what to do |") {
		said[row[0]] = strings.Trim(row[1], "`")
	}
	answered := refusals(t)
	for status := range answered {
		if said[status] == "" {
			t.Errorf("%s is not in the table", status)
		}
	}
	for status := range said {
		if !answered[status] {
			t.Errorf("no route answers %s", status)
		}
	}
	examples, err := readExamples("../" + examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		if e.status < "400" || e.status > "599" { // those of requests are named so
			continue
		}
		if p := decodeStrictly[api.Problem](t, e.body); p.Type != said[e.status] {
			t.Errorf("%s has the type %q, and the table %q", e.file(), p.Type, said[e.status])
		}
	}
}

// The table of limits says of each route what it counts against.
func TestTheTableOfLimitsHasEveryRoute(t *testing.T) {
	limits := map[string]string{} // by pattern
	names := map[string]bool{"none": true}
	for _, row := range table(t, "| limit | routes | without a token | with one |") {
		for pattern := range strings.SplitSeq(row[1], ", ") {
			limits[strings.Trim(pattern, "`")] = row[0]
		}
		names[row[0]] = true
	}
	used := map[string]bool{}
	for _, r := range api.Routes() {
		route, best := r.Method+" "+r.Path, ""
		for pattern := range limits {
			begin, open := strings.CutSuffix(pattern, "*")
			if (route == pattern || open && strings.HasPrefix(route, begin)) && len(pattern) > len(best) {
				best = pattern
			}
		}
		want := string(r.Quota)
		if r.Quota == api.QuotaNone {
			want = "none"
		}
		used[best] = true
		if limits[best] != want || !names[want] {
			t.Errorf("%s counts against %s, and the table has %q (by %q)", route, want, limits[best], best)
		}
	}
	for pattern := range limits {
		if !used[pattern] {
			t.Errorf("no route is like %s", pattern)
		}
	}
	want := strconv.Itoa(faultline.MadeKeysOfPrefix) + " a day of a prefix"
	rows := table(t, "| of which there may be | without a token | with one |")
	keys := slices.IndexFunc(rows, func(row []string) bool {
		return row[0] == "keys" && strings.HasPrefix(row[1], want)
	})
	if keys < 0 {
		t.Errorf("the table does not say that a prefix may make %d keys", faultline.MadeKeysOfPrefix)
	}
}
