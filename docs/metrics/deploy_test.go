package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const deploy = "../../deploy/"

func TestTableIsFresh(t *testing.T) {
	if got := table(metrics(t)); got != string(read(t, "../metrics.md")) {
		t.Error("docs/metrics.md is not what the sources say: run make docs")
	}
}

func metrics(t *testing.T) []metric {
	t.Helper()
	all, err := scan(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Every metric has a help that is a sentence or a phrase with a full stop, and a name by
// the conventions of Prometheus.
func TestMetricsAreExplained(t *testing.T) {
	for _, m := range metrics(t) {
		if len(m.help) < 12 || !strings.HasSuffix(m.help, ".") || m.kind == "counter" &&
			!strings.HasSuffix(m.name, "_total") {
			t.Errorf("%s (%s): %q", m.name, m.kind, m.help)
		}
	}
}

var metricName = regexp.MustCompile(`\bfaultline_[a-z_]+\b`)

// unknownMetrics are names of metrics in a text that no source registers.
func unknownMetrics(all []metric, text string) (unknown []string) {
	for _, name := range metricName.FindAllString(text, -1) {
		known := slices.ContainsFunc(all, func(m metric) bool {
			return m.name == name || m.kind == "histogram" &&
				slices.Contains([]string{"_bucket", "_sum", "_count"}, strings.TrimPrefix(name, m.name))
		})
		if !known && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

func TestAlertsDashboardAndDocumentsNameRealMetrics(t *testing.T) {
	all := metrics(t)
	for _, name := range []string{deploy + "prometheus/faultline.rules.yml", deploy + "prometheus/faultline.tests.yml",
		deploy + "grafana/faultline.json", "../operations.md", "../runbook.md"} {
		text := string(read(t, name))
		if unknown := unknownMetrics(all, text); len(unknown) > 0 {
			t.Errorf("%s names %v, which no source registers", name, unknown)
		}
		if !metricName.MatchString(text) {
			t.Errorf("%s names no metric", name)
		}
	}
	if got := unknownMetrics(all, "faultline_gone_total and faultline_leader"); len(got) != 1 {
		t.Errorf("a planted name: %v", got)
	}
}

// Each document begins with what its reader can do after it; the index says so in its table.
func TestDocumentsBeginWithWhatTheReaderCanDo(t *testing.T) {
	names, err := filepath.Glob("../*.md")
	if err != nil || len(names) < 12 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		_, body, _ := strings.Cut(string(read(t, name)), "\n\n")
		if filepath.Base(name) != "README.md" && !strings.HasPrefix(body, "After this page ") {
			t.Errorf("docs/%s does not begin with what its reader can do after it", filepath.Base(name))
		}
	}
	if n := len(read(t, "../../README.md")); n > 9<<10 {
		t.Errorf("README.md has %d bytes: more than 9 KiB belong into docs", n)
	}
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// Each alert has its heading in the runbook, with what to do, and the runbook has no other.
func TestEveryAlertIsInTheRunbook(t *testing.T) {
	var file ruleFile
	if err := yaml.UnmarshalWithOptions(read(t, deploy+"prometheus/faultline.rules.yml"), &file,
		yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(read(t, "../runbook.md")), "\n## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	alerts := 0
	for _, rule := range file.Groups[0].Rules {
		alerts++
		section, ok := sections[rule.Alert]
		if !ok || !strings.Contains(section, "**Do:**") ||
			!strings.Contains(section, "*"+rule.Labels["severity"]+".*") {
			t.Errorf("docs/runbook.md does not say what %s means and what to do", rule.Alert)
		}
		if rule.Annotations["runbook"] != "docs/runbook.md#"+strings.ToLower(rule.Alert) ||
			rule.Annotations["summary"] == "" || rule.Expr == "" || rule.For == "" ||
			!slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) {
			t.Errorf("%s lacks a part: %+v", rule.Alert, rule)
		}
		delete(sections, rule.Alert)
	}
	if alerts < 20 || len(sections) > 0 {
		t.Errorf("%d alerts; the runbook has sections of none: %v", alerts, sections)
	}
}

// The dashboard is one that Grafana can load: panels with queries, each with its place.
func TestDashboardHasQueries(t *testing.T) {
	var board struct {
		UID    string
		Panels []struct {
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, deploy+"grafana/faultline.json"), &board); err != nil || board.UID == "" {
		t.Fatalf("%v, %+v", err, board)
	}
	places := map[[2]int]string{}
	for _, p := range board.Panels {
		at := [2]int{p.GridPos.X, p.GridPos.Y}
		if len(p.Targets) == 0 || p.Targets[0].Expr == "" || p.GridPos.H == 0 || p.Title == "" || places[at] != "" {
			t.Errorf("panel %+v; at its place: %q", p, places[at])
		}
		places[at] = p.Title
	}
}

// Prometheus' own tool takes the rules, their tests and the configuration. Where it is not
// installed the tests above are what checks them.
func TestPrometheusTakesTheRules(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("there is no promtool on the PATH (apt install prometheus): the rules are checked by the other tests")
		return
	}
	for _, args := range [][]string{{"check", "rules", "faultline.rules.yml"}, {"test", "rules", "faultline.tests.yml"},
		{"check", "config", "prometheus.yml"}} {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Dir = filepath.Join(deploy, "prometheus")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, said)
		}
	}
}

// The manifests are YAML, run three nodes, and ask the addresses that operations.md names.
func TestKubernetesAsksTheRightAddresses(t *testing.T) {
	decoder := yaml.NewDecoder(bytes.NewReader(read(t, deploy+"kubernetes/faultline.yml")))
	kinds := map[string]int{}
	for {
		var m struct {
			Kind string
			Spec struct {
				Replicas int
			}
		}
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds[m.Kind]++
		if m.Kind == "StatefulSet" && m.Spec.Replicas != 3 {
			t.Errorf("%+v", m)
		}
	}
	text := string(read(t, deploy+"kubernetes/faultline.yml"))
	for _, want := range []string{"readinessProbe:\n            httpGet: {path: /readyz, port: http}",
		"livenessProbe:\n            httpGet: {path: /healthz, port: http}", "/readyz/write", "drop: [ALL]"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for _, kind := range []string{"StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"} {
		if kinds[kind] == 0 {
			t.Errorf("there is no %s", kind)
		}
	}
}

// The compose file bounds memory, wants a password, and takes all capabilities away.
func TestComposeIsGuarded(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Memory  string   `yaml:"mem_limit"`
			Dropped []string `yaml:"cap_drop"`
			Read    bool     `yaml:"read_only"`
			Command []string
		}
	}
	if err := yaml.Unmarshal(read(t, "../../docker-compose.yml"), &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		if s.Memory == "" || !slices.Equal(s.Dropped, []string{"ALL"}) || !s.Read {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for _, want := range []string{"--requirepass", "--maxmemory", "noeviction", "always"} {
		if !slices.Contains(file.Services["redis"].Command, want) {
			t.Errorf("redis lacks %s", want)
		}
	}
}
