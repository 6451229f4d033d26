package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// FuzzReportBody: what is taken as a report means the same to another decoder, and
// what is refused is pointed at.
func FuzzReportBody(f *testing.F) {
	for _, s := range []string{`{"site":"bbc.co.uk","symptom":"http_503"}`, `{"site":"a","site":"b"}`, `{"SITE":"a"}`,
		`{"site":1}`, `[]`, `{"site":"a"}x`,
		`{"site":"\ud800"}`, "{\"site\":\"\xff\"}", `{"site":{"a":[[[[]]]]}}`, ``, ` `, `null`, `{"site":null}`,
		`{"site":"a","x":1e400}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r ReportRequest
		if err := decodeStrict(body, &r); err != nil {
			wantPointed(t, err)
			return
		}
		var other ReportRequest
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.DisallowUnknownFields()
		if err := d.Decode(&other); err != nil || other != r {
			t.Errorf("%q: %+v, another decoder has %+v, %v", body, r, other, err)
		}
	})
}

func wantPointed(t *testing.T, err error) {
	t.Helper()
	p, _ := problemOf(err)
	if p.Status != http.StatusBadRequest && p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("%v is answered %d", err, p.Status)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
	for _, fault := range p.Errors {
		if fault.Detail == "" || len(fault.Pointer) > maxPointer+8 {
			t.Errorf("%+v", fault)
		}
	}
}

// FuzzProbeBatch: of every line it is said what became of it, in both forms.
func FuzzProbeBatch(f *testing.F) {
	f.Add([]byte(probeA+"\n"+probeB), true)
	f.Add([]byte(`{"probes":[`+probeA+`]}`), false)
	f.Add([]byte(`[`+probeA+`,7,`+probeB+`]`), false)
	f.Add([]byte("\n\n{}\r\n[]"), true)
	f.Add([]byte(strings.Repeat("{}\n", maxProbes+1)), true)
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		media := page.MediaJSON
		if lines {
			media = mediaNDJSON
		}
		b, err := readProbes(body, media, "lon-1")
		if err != nil {
			wantPointed(t, err)
			return
		}
		if len(b.probes) != len(b.lines) || len(b.probes)+len(b.rejected) == 0 ||
			len(b.probes)+len(b.rejected) > maxProbes {
			t.Errorf("%d probes, %d lines, %d rejected", len(b.probes), len(b.lines), len(b.rejected))
		}
		for _, p := range b.probes {
			if p.At.IsZero() || p.Symptom == "" || p.Vantage == "" {
				t.Errorf("%+v", p)
			}
		}
		for _, r := range b.rejected {
			if !strings.HasPrefix(r.Pointer, b.prefix+"/") || r.Detail == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

// fuzzForeign holds what the three kinds of message have in common.
func fuzzForeign(f *testing.F, read func([]byte) (message, error), files ...string) {
	for _, name := range files {
		body, err := os.ReadFile(filepath.Join("testdata", "inbound", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`null`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := read(body)
		if err != nil {
			wantPointed(t, err)
			return
		}
		if len(m.alerts) != len(m.at) || m.ignored < 0 {
			t.Errorf("%+v", m)
		}
		for i, a := range m.alerts {
			if !a.Symptom.Known() || m.at[i] == "" {
				t.Errorf("%+v at %q", a, m.at[i])
			}
			why := m.point(faultline.Invalid{Pointer: "/" + "0" + "/site", Detail: "x"})
			if why.Pointer != m.at[0] {
				t.Errorf("points at %q", why.Pointer)
			}
		}
		if again, err := read(body); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("read again it is %+v, %v", again, err)
		}
	})
}

func FuzzAlertmanager(f *testing.F) { fuzzForeign(f, readAlertmanager, "alertmanager-0.34.json") }
func FuzzUptimeKuma(f *testing.F) {
	fuzzForeign(f, readKuma, "kuma-2-down.json", "kuma-2-up.json", "kuma-2-test.json")
}
func FuzzGatus(f *testing.F) { fuzzForeign(f, readGatus, "gatus-5.json") }

// FuzzForwarded: whatever a stranger says of where it comes from, it is the peer;
// of what a trusted proxy says it is an address, and never the proxy's guess.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"198.51.100.7", "6.6.6.6, 198.51.100.7", "unknown", "::1", "fe80::1%eth0",
		"[2001:db8::1]:443", "198.51.100.7:80", ",,", "127.0.0.1", "\x00", "999.1.1.1"} {
		f.Add(s, "")
		f.Add("198.51.100.9", s)
	}
	engine := func(trusted ...string) *gin.Engine {
		e := gin.New()
		e.RemoteIPHeaders = []string{"X-Forwarded-For"}
		if err := e.SetTrustedProxies(trusted); err != nil {
			f.Fatal(err)
		}
		e.POST("/", func(c *gin.Context) {
			addr, err := clientAddr(c)
			if err != nil {
				c.String(http.StatusBadRequest, err.Error())
				return
			}
			c.String(http.StatusOK, addr.String())
		})
		return e
	}
	alone, behind := engine(), engine("192.0.2.1")
	ask := func(e *gin.Engine, first, second string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = "192.0.2.1:4711"
		r.Header["X-Forwarded-For"] = []string{first, second}
		r.Header.Set("X-Real-Ip", first)
		r.Header.Set("Forwarded", "for="+first)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if code, addr := ask(alone, first, second); code != http.StatusOK || addr != "192.0.2.1" {
			t.Errorf("a stranger is %d %s by %q, %q", code, addr, first, second)
		}
		code, addr := ask(behind, first, second)
		if _, err := netip.ParseAddr(addr); code != http.StatusOK || err != nil {
			t.Errorf("behind a proxy: %d %s by %q, %q", code, addr, first, second)
		}
	})
}
