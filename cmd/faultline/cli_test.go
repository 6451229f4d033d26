package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline/api/token"
)

// command runs the program inside the test and returns how it ended and what it
// said.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, world{stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

// wrongUsage are commands that can't be, and what the one line about each names.
var wrongUsage = []struct {
	env, args string
	want      []string // all in the one line
}{
	{"", "", []string{"serve", "replay"}},
	{"", "sevre", []string{"sevre"}},
	{"", "serve --no-such-flag", []string{"--no-such-flag"}},
	{"", "serve --listen nowhere", []string{"--listen", "FAULTLINE_LISTEN", "nowhere"}},
	{"", "serve --listen :http-alt-x", []string{"--listen", "http-alt-x"}},
	{"FAULTLINE_LISTEN=8080", "serve", []string{"--listen", "FAULTLINE_LISTEN"}},
	{"FAULTLINE_REDIS_URL=localhost:6379", "serve", []string{"--redis-url", "FAULTLINE_REDIS_URL"}},
	{"FAULTLINE_REDIS_URL=http://u:secret@h/", "export", []string{"--redis-url", "FAULTLINE_REDIS_URL", "http"}},
	{"FAULTLINE_TRUSTED_PROXIES=10.0.0.0/8,proxy", "serve",
		[]string{"--trusted-proxies", "FAULTLINE_TRUSTED_PROXIES", `"proxy"`}},
	{"FAULTLINE_BASE_URL=faultline.example", "serve", []string{"--base-url", "FAULTLINE_BASE_URL"}},
	{"FAULTLINE_LOG_LEVEL=loud", "serve", []string{"--log-level", "FAULTLINE_LOG_LEVEL", "loud"}},
	{"FAULTLINE_LOG_FORMAT=xml", "serve", []string{"--log-format", "FAULTLINE_LOG_FORMAT"}},
	{"FAULTLINE_LEASE_TTL=soon", "serve", []string{"--lease-ttl", "FAULTLINE_LEASE_TTL", "soon"}},
	{"", "serve --lease-ttl 1ms", []string{"--lease-ttl", "FAULTLINE_LEASE_TTL", "500ms", "1ms"}},
	{"", "serve --checkpoint-interval 1h", []string{"--checkpoint-interval", "FAULTLINE_CHECKPOINT_INTERVAL"}},
	{"", "serve --drain-delay 1m", []string{"--drain-delay", "FAULTLINE_DRAIN_DELAY"}},
	{"", "serve --catalog /nonexistent.json", []string{"--catalog", "FAULTLINE_CATALOG", "/nonexistent.json"}},
	{"", "serve --redis-url redis://127.0.0.1:1 --catalog cli_test.go", []string{"--catalog", "cli_test.go"}},
	{"", "serve --statements-every 1s", []string{"--statements-every", "FAULTLINE_STATEMENTS_EVERY", "30s"}},
	{"", "serve --redis-url redis://127.0.0.1:1 --statements /nonexistent.json",
		[]string{"--statements", "FAULTLINE_STATEMENTS", "/nonexistent.json"}},
	{"", "serve --redis-url redis://127.0.0.1:1 --signatures cli_test.go",
		[]string{"--signatures", "FAULTLINE_SIGNATURES", "cli_test.go"}},
	{"", "serve --redis-url redis://127.0.0.1:1 --ranges /nonexistent.json",
		[]string{"--ranges", "FAULTLINE_RANGES", "/nonexistent.json"}},
	{"", "replay", []string{"file"}},
	{"", "replay /nonexistent.ndjson", []string{"/nonexistent.ndjson"}},
	{"", "token issue --scope probes:write", []string{"--subject"}},
	{"", "token issue --subject lon-1 --scope all", []string{"--scope", "FAULTLINE_TOKEN_SCOPE", "all"}},
	{"", "token issue --subject a/b --scope probes:write", []string{"--subject", "FAULTLINE_TOKEN_SUBJECT", "a/b"}},
	{"", "token issue --subject a --scope probes:write --country gb",
		[]string{"--country", "FAULTLINE_TOKEN_COUNTRY", "gb"}},
	{"", "token issue --subject a --scope probes:write --asn AS1", []string{"--asn", "FAULTLINE_TOKEN_ASN", "AS1"}},
	{"", "token issue --subject a --scope probes:write --ttl 0s", []string{"--ttl", "FAULTLINE_TOKEN_TTL"}},
	{"", "healthcheck --listen x", []string{"--listen", "FAULTLINE_LISTEN"}},
	{"", "serve --admin-listen x", []string{"--admin-listen", "FAULTLINE_ADMIN_LISTEN"}},
	{"", "serve --listen :1 --admin-listen :1", []string{"--admin-listen", "FAULTLINE_ADMIN_LISTEN"}},
}

func TestWrongUsageIsOneLineThatNamesTheCulprit(t *testing.T) {
	for _, c := range wrongUsage {
		t.Run(c.env+" "+c.args, func(t *testing.T) {
			t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			code, out, errs := command(t, strings.Fields(c.args)...)
			if code != exitUsage || out != "" {
				t.Errorf("exit %d, printed %q", code, out)
			}
			if strings.Count(errs, "\n") != 1 || strings.Contains(errs, "secret") {
				t.Errorf("not one good line:\n%s", errs)
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%q is not in: %s", want, errs)
				}
			}
		})
	}
}

func TestWithoutARedisThereIsNothingToExport(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
	if code, _, errs := command(t, "export"); code != exitUsage || !strings.Contains(errs, "FAULTLINE_REDIS_URL") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestHelpNamesEveryVariable(t *testing.T) {
	parser, err := newParser(t.Context(), &cli{}, world{}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range allFlags(parser.Model.Node) {
		if f.Name == "help" {
			continue
		}
		// Only variables that all programs with OpenTelemetry have may stand beside our own.
		if len(f.Envs) == 0 || !strings.HasPrefix(f.Envs[0], envPrefix) ||
			slices.ContainsFunc(f.Envs[1:], func(v string) bool { return !strings.HasPrefix(v, "OTEL_") }) {
			t.Errorf("--%s has the variables %v", f.Name, f.Envs)
		}
		if len(f.Help) < 20 {
			t.Errorf("--%s is explained by %q", f.Name, f.Help)
		}
	}
	code, out, _ := command(t, "serve", "--help")
	if code != 0 || !strings.Contains(out, "FAULTLINE_TRUSTED_PROXIES") || !strings.Contains(out, "SIGTERM") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

func TestTokenIsSignedWithTheKeyOfTheStateDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("FAULTLINE_STATE_DIR", dir)
	code, out, errs := command(t, "token", "issue", "--scope", "probes:write", "--subject", "lon-1", "--asn", "20473",
		"--country", "GB", "--ttl", "1h")
	if code != 0 || strings.Count(out, "\n") != 1 {
		t.Fatalf("exit %d: %q %q", code, out, errs)
	}
	keys, err := token.LoadOrCreate(filepath.Join(dir, "keys"), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Verify(strings.TrimSpace(out))
	if err != nil || claims.Subject != "lon-1" || claims.ASN != 20473 || claims.Country != "GB" ||
		claims.Scopes[0] != "probes:write" {
		t.Errorf("%+v, %v", claims, err)
	}
}

func TestVersionLine(t *testing.T) {
	got := versionLine(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-01T00:00:00Z"},
		{Key: "vcs.modified", Value: "true"}}})
	if want := "faultline v1.2.3 commit abc of 2026-01-01T00:00:00Z with local changes, go"; !strings.HasPrefix(
		got, want) {
		t.Errorf("%q", got)
	}
	if code, out, _ := command(t, "version"); code != 0 || !strings.HasPrefix(out, "faultline ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestHealthcheck(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL)
		}
		http.Error(w, "so it is", status)
	}))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAULTLINE_LISTEN", "0.0.0.0:"+port)
	if code, _, errs := command(t, "healthcheck"); code != 0 {
		t.Errorf("ready: exit %d: %s", code, errs)
	}
	status = http.StatusServiceUnavailable
	if code, _, errs := command(t, "healthcheck"); code != exitFailed || !strings.Contains(errs, "so it is") {
		t.Errorf("not ready: exit %d: %s", code, errs)
	}
	s.Close()
	if code, _, errs := command(t, "healthcheck"); code != exitFailed || strings.Count(errs, "\n") != 1 {
		t.Errorf("nobody there: exit %d: %s", code, errs)
	}
}

func TestBaseURL(t *testing.T) {
	for listen, want := range map[string]string{
		":8080": "http://127.0.0.1:8080", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::]:80": "http://127.0.0.1:80", "10.1.2.3:99": "http://10.1.2.3:99", "[::1]:80": "http://[::1]:80",
	} {
		if got := baseURL(listen); got != want {
			t.Errorf("%s: %s", listen, got)
		}
	}
}

func TestDefaultStateDir(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"/x/faultline":                   {"XDG_STATE_HOME": "/x", "HOME": "/home/a"},
		"/home/a/.local/state/faultline": {"XDG_STATE_HOME": "relative", "HOME": "/home/a"},
		"faultline-state":                {},
	} {
		if got := defaultStateDir(func(k string) string { return env[k] }); got != want {
			t.Errorf("%v: %s, want %s", env, got, want)
		}
	}
}

func TestCatalogueFilesAreLaidOver(t *testing.T) {
	baseCatalogs, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	base := baseCatalogs.Records()
	data, err := os.ReadFile("../../ingest/infra/catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	first := base[0].Site
	changed := bytes.Replace(data, []byte(`"`+first+`"`), []byte(`"zz-unheard-of.com"`), 1)
	name := filepath.Join(t.TempDir(), "more.json")
	if err := os.WriteFile(name, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	allCatalogs, err := loadCatalogs([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	all := allCatalogs.Records()
	if len(all) != len(base)+1 || all[0].Site != first || all[len(all)-1].Site != "zz-unheard-of.com" {
		t.Errorf("%d sites from %s to %s; before %d", len(all), all[0].Site, all[len(all)-1].Site, len(base))
	}
}
