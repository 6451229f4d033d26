package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faultline"
)

// fixedPaths are what articles link to and embed of a revision.
var fixedPaths = []string{
	"/embed/incident/" + outage + "@2?lang=en", "/embed/incident/" + outage + "@2?lang=de&theme=dark&parts=chart,table",
	"/incident/" + outage + "@2", "/card/incident/" + outage + "@2.png",
	"/card/incident/" + outage + "@2.svg?size=square",
	"/card/incident/" + outage + "@2.csv",
}

// What was embed once is answered without the store, also by a server that has started
// since, and to the byte.
func TestRevisionsAreServedWithoutTheStore(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.FixedDir = t.TempDir()
	before, bodies := serve(t, cfg), map[string]string{}
	for _, path := range fixedPaths {
		rec := get(before, path)
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, rec.Code)
		}
		bodies[path] = rec.Body.String()
	}
	w.fails = faultline.ErrUnavailable
	after := serve(t, cfg)
	for _, path := range fixedPaths {
		rec := get(after, path)
		if rec.Code != http.StatusOK || rec.Body.String() != bodies[path] ||
			rec.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d, the same: %t, %s", path, rec.Code, rec.Body.String() == bodies[path], rec.Header())
		}
		first := get(before, path).Header().Get("Content-Security-Policy")
		if csp := rec.Header().Values("Content-Security-Policy"); len(csp) != 1 || csp[0] != first {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

// Whoever embeds the revision that a page has just shown needs no store either.
func TestTheWidgetOfAShownRevisionIsKept(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.FixedDir = t.TempDir()
	if rec := get(serve(t, cfg), "/incident/"+outage); rec.Code != http.StatusOK {
		t.Fatal(rec.Code)
	}
	w.fails = faultline.ErrUnavailable
	if rec := get(serve(t, cfg), "/embed/incident/"+outage+"@3?lang=en"); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// rewrite changes each file that is kept.
func rewrite(t *testing.T, dir string, change func(text string) []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, change(string(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What another release rendered is shown, under that release's policy, only while it
// can't be rendered again.
func TestAnotherReleasesRevisionsAreRenderedAgain(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.FixedDir = t.TempDir()
	path := fixedPaths[0]
	fresh := get(serve(t, cfg), path).Body.String()
	rewrite(t, cfg.FixedDir, func(text string) []byte {
		head, body, _ := strings.Cut(text, "\n")
		head = strings.Replace(head, `"release":"`, `"release":"older`, 1)
		head = strings.Replace(head, "style-src '", "style-src 'sha256-older' '", 1)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte(head + "\n" + strings.Replace(body, "Fastly", "Oldly", 1)))
		_ = z.Close()
		return packed.Bytes()
	})
	w.fails = faultline.ErrUnavailable
	rec := get(serve(t, cfg), path)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Oldly") ||
		!strings.Contains(rec.Header().Get("Content-Security-Policy"), "sha256-older") {
		t.Errorf("without the store: %d, %s", rec.Code, rec.Header())
	}
	w.fails = nil
	for range 2 { // the second from what the first has written
		if rec := get(serve(t, cfg), path); rec.Body.String() != fresh {
			t.Errorf("with the store: %d, not what this release renders", rec.Code)
		}
		w.fails = faultline.ErrUnavailable
	}
}

// A damaged file is left out, and the page rendered again.
func TestADamagedRevisionIsLeftOut(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.FixedDir = t.TempDir()
	fresh := get(serve(t, cfg), fixedPaths[0]).Body.String()
	for _, damage := range []func(packed []byte) []byte{
		func(packed []byte) []byte { return packed[:len(packed)/2] },
		func(packed []byte) []byte { packed[len(packed)/2] ^= 1; return packed },
		func([]byte) []byte { return nil },
	} {
		files, _ := filepath.Glob(filepath.Join(cfg.FixedDir, "*.gz"))
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(file, damage(body), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if rec := get(serve(t, cfg), fixedPaths[0]); rec.Code != http.StatusOK || rec.Body.String() != fresh {
			t.Errorf("%d, not what was there before", rec.Code)
		}
	}
}

// A widget that has nothing to show says where it is from and asks again by itself; one
// of what does not exist does not.
func TestAWidgetAsksAgain(t *testing.T) {
	w := newWorld()
	w.fails = faultline.ErrUnavailable
	h := serve(t, w.config())
	rec := get(h, fixedPaths[0])
	const again = `http-equiv="refresh"`
	if rec.Code != http.StatusServiceUnavailable {
		t.Error(rec.Code)
	}
	link := `href="https://faultline.example/incident/` + outage + `@2?lang=en"`
	for _, want := range []string{again, link, "tries again by itself"} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %s in %s", want, rec.Body)
		}
	}
	rec = get(h, "/embed/incident/none")
	if rec.Code != http.StatusNotFound || strings.Contains(rec.Body.String(), again) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// The numbers of a chart are a table of every revision, and only of incidents.
func TestNumbersAsCSV(t *testing.T) {
	h := serve(t, newWorld().config())
	rec := get(h, "/card/incident/"+outage+"@2.csv")
	want := "time,state,failing,observed,others_failing,others_observed\r\n" +
		"2021-06-08T09:47:40Z,confirmed,10,140,3,2110\r\n2021-06-08T10:06:40Z,confirmed,95,140,3,2110\r\n"
	if rec.Header().Get("Content-Type") != "text/csv; charset=utf-8" || rec.Body.String() != want {
		t.Errorf("%s %q", rec.Header(), rec.Body)
	}
	for _, path := range []string{"/card/now.csv", "/card/site/reddit.com.csv", "/card/component/cdn/fastly.csv"} {
		if rec := get(h, path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}
