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

// The README and the documents for those who begin are held to what they show: each
// JSON block goes through the type that it is of.

// shown are the documents whose commands are run, and whose JSON is decoded.
var shown = []string{"README.md", "docs/getting-started.md", "docs/embedding.md"}

var fenced = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// shownBlocks returns the fenced blocks of one language in the documents that are
// held to what they show.
func shownBlocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	for _, name := range shown {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
			if m[1] == language {
				blocks = append(blocks, m[2])
			}
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%v have no block of %s", shown, language)
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

// The files for running a vantage name settings that it has, and none that need a value
// which they leave out.
func TestVantageFilesNameTheSettings(t *testing.T) {
	_, help, _ := tool(t, nil, "probe", "--help")
	for _, file := range []string{"vantage.env", "vantage.compose.yml", "faultline-vantage.service"} {
		text, err := os.ReadFile("../../deploy/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range regexp.MustCompile(`FAULTLINE_[A-Z_]+`).FindAllString(string(text), -1) {
			if !strings.Contains(help, v) {
				t.Errorf("deploy/%s names %s, which probe does not know", file, v)
			}
		}
	}
}

// The files for running a node name settings that it has.
func TestNodeFilesNameTheSettings(t *testing.T) {
	_, help, _ := tool(t, nil, "serve", "--help")
	for _, file := range []string{"faultline.env", "faultline.service", "kubernetes/faultline.yml"} {
		text, err := os.ReadFile("../../deploy/" + file)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile(`FAULTLINE_[A-Z_]+`).FindAllString(string(text), -1)
		for _, v := range named {
			if !strings.Contains(help, v) {
				t.Errorf("deploy/%s names %s, which serve does not know", file, v)
			}
		}
		if len(named) == 0 {
			t.Errorf("deploy/%s names no setting", file)
		}
	}
}

func TestReadmeShowsRealShapes(t *testing.T) {
	for _, block := range shownBlocks(t, "json") {
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
