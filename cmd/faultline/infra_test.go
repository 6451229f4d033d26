package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// nameServer answers on loopback from a zone file.
func nameServer(t *testing.T, zone string) string {
	t.Helper()
	records := map[string][]dns.RR{}
	parser := dns.NewZoneParser(strings.NewReader(zone), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := rr.Header().Name
		records[name] = append(records[name], rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		follow(records, answer, q.Question[0].Name, q.Question[0].Qtype)
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return conn.LocalAddr().String()
}

// follow adds what a resolver answers: the chain of aliases and where it ends.
func follow(records map[string][]dns.RR, answer *dns.Msg, name string, kind uint16) {
	if len(records[name]) == 0 {
		answer.Rcode = dns.RcodeNameError
	}
	for _, rr := range records[name] {
		if rr.Header().Rrtype == kind {
			answer.Answer = append(answer.Answer, rr)
		} else if alias, ok := rr.(*dns.CNAME); ok {
			answer.Answer = append(answer.Answer, rr)
			follow(records, answer, alias.Target, kind)
		}
	}
}

func TestExplainTellsWhatItSawAndWhatFailed(t *testing.T) {
	server := nameServer(t,
		"bbc.co.uk. 60 IN CNAME bbc.map.fastly.net.\nbbc.map.fastly.net. 60 IN TXT nothing\nwww.bbc.co.uk. 60 IN TXT "+
			"nothing\nco.uk. 60 IN TXT x\nuk. 60 IN TXT x\n")
	// A list, as serve and probe take it from the same variable: the first is asked.
	t.Setenv("FAULTLINE_RESOLVER", server+",192.0.2.1")
	code, out, errs := command(t, "infra", "explain", "bbc")
	if code != exitFailed || !strings.Contains(errs, "bbc.co.uk has no address") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"bbc.co.uk (BBC), seen ", "tld:uk\n",
		"the catalogue says:\n    ca:globalsign  [general of 2025-06-30, confidence 0.60]\n",
		"    cdn:fastly  [incident of 2021-06-08, confidence 0.75]\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestRefreshWritesRangesThatServeReads(t *testing.T) {
	body := "173.245.48.0/20\n103.21.244.0/22\n"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	defer s.Close()
	state, list := t.TempDir(), filepath.Join(t.TempDir(), "publications.json")
	if err := os.WriteFile(list,
		[]byte(`[{"name":"House","url":"`+s.URL+`/a","form":"lines","component":"cdn:house"},{"name":"Other","url":"`+
			s.URL+`/b","form":"lines","component":"cdn:other"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "infra", "refresh", "--publications", list, "--state-dir", state)
	if code != 0 || !strings.HasPrefix(out, "4 ranges of 2 components in "+state) {
		t.Fatalf("exit %d: %s %s", code, out, errs)
	}
	if code, out, errs := command(t, "infra", "check", "--state-dir", state); code != 0 ||
		!strings.Contains(out, " 2 fetched ranges") {
		t.Errorf("exit %d: %s %s", code, out, errs)
	}
	body = ""
	if code, _, errs := command(t, "infra", "refresh", "--publications", list, "--state-dir",
		state); code != exitFailed || !strings.Contains(errs, "House") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if ranges, err := (infraFlags{}).ranges(state); err != nil || ranges.Len() != 2 {
		t.Errorf("after a refresh that fetched nothing: %v", err)
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	code, out, errs := command(t, "infra", "check", "--state-dir", dir)
	if code != 0 || !strings.Contains(out, "built-in catalogue: 1") || !strings.Contains(out, "signatures: ") ||
		!strings.Contains(out, "status pages: ") {
		t.Errorf("exit %d: %s %s", code, out, errs)
	}
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"sites":[{"site":"A.com","name":"A","rank":1,"category":"news"}]}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--catalog", "--statements", "--signatures", "--ranges"} {
		if code, _, errs := command(t, "infra", "check", "--state-dir", dir, flag, bad); code != exitUsage ||
			!strings.Contains(errs, flag) || !strings.Contains(errs, bad) {
			t.Errorf("%s: exit %d: %s", flag, code, errs)
		}
	}
}

func TestWhatPeopleTypeLeadsToASite(t *testing.T) {
	catalog, err := loadCatalogs(nil)
	if err != nil {
		t.Fatal(err)
	}
	names := namesOf(catalog)
	for typed, want := range map[string]string{
		"fb": "facebook.com", "Twitter": "x.com", "twitter.com": "x.com", "youtu.be": "youtube.com",
		"Gmail": "mail.google.com", "psn": "playstation.com",
		"BBC": "bbc.co.uk", "hacker news": "news.ycombinator.com", "chat.openai.com": "chatgpt.com",
		"gov.uk": "www.gov.uk", "bbc.co.uk": "bbc.co.uk",
	} {
		if got, err := names.Normalise(typed); err != nil || got != want {
			t.Errorf("%s leads to %q, %v; want %s", typed, got, err, want)
		}
	}
}
