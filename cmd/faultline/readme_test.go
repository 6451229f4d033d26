package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"faultline"
)

// The README is held to what it shows: each of its JSON blocks goes through the
// type that it is of.

var fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// readmeBlocks returns the fenced blocks of one language.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			blocks = append(blocks, m[2])
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("the README has no block of %s", language)
	}
	return blocks
}

// docker-compose.yml names, commented or not, every setting that serve has, and
// no other.
func TestComposeNamesTheSettings(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, help, _ := tool(t, nil, "serve", "--help")
	named := regexp.MustCompile(`FAULTLINE_[A-Z_]+`).FindAllString(string(text), -1)
	for _, v := range named {
		if !strings.Contains(help, v) {
			t.Errorf("docker-compose.yml names %s, which serve does not know", v)
		}
	}
	for _, v := range regexp.MustCompile(`FAULTLINE_[A-Z_]+`).FindAllString(help, -1) {
		if !strings.Contains(string(text), v) {
			t.Errorf("docker-compose.yml does not name %s", v)
		}
	}
}

func TestReadmeShowsRealShapes(t *testing.T) {
	for _, block := range readmeBlocks(t, "json") {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal([]byte(block), &keys); err != nil {
			t.Errorf("%v in\n%s", err, block)
			continue
		}
		if _, isIncident := keys["cause"]; !isIncident {
			continue
		}
		dec := json.NewDecoder(bytes.NewReader([]byte(block)))
		dec.DisallowUnknownFields()
		var in faultline.Incident
		if err := dec.Decode(&in); err != nil {
			t.Errorf("the README's incident: %v", err)
		}
		if in.Title != "Fastly-fronted sites, 503, began ~09:47 UTC" {
			t.Errorf("the README's incident is %q", in.Title)
		}
	}
}
