package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/store"
	"faultline/store/storetest"
)

const canaries = 1000

// TestAbuse_FP1_Canaries: of a thousand addresses that have reported, in every way
// that a request may go, none is found afterwards, in any spelling: in Redis'
// files, in the node's, in its log, its metrics or its answers.
func TestAbuse_FP1_Canaries(t *testing.T) {
	redisURL, state := storetest.Start(t), shortDir(t)
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + state, "FAULTLINE_REDIS_URL=" + redisURL,
		"FAULTLINE_TRUSTED_PROXIES=127.0.0.1",
		"FAULTLINE_LOG_LEVEL=debug", "FAULTLINE_CHECKPOINT_INTERVAL=1s", "FAULTLINE_PERSON_LIMIT=6",
		"FAULTLINE_PREFIX_LIMIT=30"})
	p.ready()
	addrs := canaryAddresses()
	sendFrom(p, addrs)
	saved := p.metric("faultline_checkpoint_seconds_count")
	eventuallyLogged(p, 20*time.Second, "two more checkpoints, quotas settled meanwhile", func() bool {
		return p.metric("faultline_checkpoint_seconds_count") >= saved+2
	})
	if n := p.metric(`faultline_ingest_reports_total{outcome="counted"}`); n < canaries/2 {
		t.Fatalf("only %v reports were counted: this test sees nothing", n)
	}
	if p.metric(`faultline_limit_refused_total{quota="person"}`) <= 0 &&
		p.metric(`faultline_limit_refused_total{quota="prefix"}`) <= 0 {
		t.Error("no limit was reached")
	}
	said := map[string][]byte{"the log of the process": []byte(p.log())}
	for _, path := range []string{"/metrics", "/v1/summary", "/v1/incidents", "/v1/sites/bbc.co.uk",
		"/site/bbc.co.uk", "/"} {
		resp, err := http.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		said[path] = b.Bytes()
	}
	wantBoundKeys(t, redisURL)
	redisFiles := 0
	for _, dir := range []string{filepath.Dir(strings.TrimPrefix(redisURL, "unix://")), state} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil //nolint:nilerr // a file that Redis has just removed
			}
			said[name], err = os.ReadFile(name)
			redisFiles += len(said[name])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if redisFiles < 10_000 {
		t.Fatalf("the files hold %d bytes: this test sees nothing", redisFiles)
	}
	wantNowhere(t, addrs, said)
}

// sendFrom reports from each address, in each way that a request may go.
func sendFrom(p *process, addrs []netip.Addr) {
	bodies := []string{`{"site":"bbc.co.uk","symptom":"http_503"}`, `{"site":"reddit.com"}`,
		`{"site":"nobody-knows-this.com"}`, `{"site":"10.0.0.1"}`, `{`}
	var senders sync.WaitGroup
	for w := range 8 {
		senders.Go(func() {
			for i := w; i < len(addrs); i += 8 {
				for n, body := range bodies { // the last ones find the limit
					p.post("/v1/reports", body, map[string]string{"X-Forwarded-For": addrs[i].String(),
						"User-Agent": "canary " + strconv.Itoa(n)})
				}
			}
		})
	}
	senders.Wait()
}

// wantNowhere fails the test where an address is found in what was said, by place.
func wantNowhere(t *testing.T, addrs []netip.Addr, said map[string][]byte) {
	t.Helper()
	for _, addr := range addrs {
		for spelling, what := range spellings(addr) {
			if where := holding(said, what); where != "" {
				t.Fatalf("%s is in %s, %s", addr, where, spelling)
			}
		}
	}
}

// holding is the place where a text is found, "" for none.
func holding(said map[string][]byte, what string) string {
	for where, text := range said {
		if bytes.Contains(text, []byte(what)) {
			return where
		}
	}
	return ""
}

// wantBoundKeys checks that after the load Redis holds no key but those whose
// bounds are known.
func wantBoundKeys(t *testing.T, url string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	defer client.Close()
	keys := client.Scan(t.Context(), 0, "*", 1000).Iterator()
	n := 0
	for keys.Next(t.Context()) {
		n++
		if bound, ok := store.Bound(keys.Val()); !ok || bound == "" {
			t.Errorf("nothing bounds %s", keys.Val())
		}
	}
	if err := keys.Err(); err != nil || n < 8 {
		t.Errorf("Redis holds %d keys, %v", n, err)
	}
}

// canaryAddresses are as many of either family, of prefixes that hold five each.
func canaryAddresses() []netip.Addr {
	rng := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	addrs := make([]netip.Addr, canaries)
	var raw [16]byte
	for i := range addrs {
		if i%5 == 0 {
			binary.LittleEndian.PutUint64(raw[:], rng.Uint64())
			binary.LittleEndian.PutUint64(raw[8:], rng.Uint64())
		}
		if i%10 < 5 {
			addrs[i] = netip.AddrFrom4([4]byte{198, 18 | raw[0]&1, raw[1], raw[2] ^ byte(i)})
			continue
		}
		raw[0], raw[1], raw[7], raw[15] = 0x2a, 0x0e, byte(i), byte(i)
		addrs[i] = netip.AddrFrom16(raw)
	}
	return addrs
}

// spellings are the ways in which an address may stand somewhere. Four bytes as
// they are would be found by chance.
func spellings(addr netip.Addr) map[string]string {
	raw := addr.AsSlice()
	all := map[string]string{
		"as text": addr.String(), "in hex": hex.EncodeToString(raw),
		"in capital hex": strings.ToUpper(hex.EncodeToString(raw)),
		"in base64":      strings.TrimRight(base64.StdEncoding.EncodeToString(raw), "="),
	}
	if addr.Is4() {
		n := binary.BigEndian.Uint32(raw)
		all["as a number"] = strconv.FormatUint(uint64(n), 10)
		all["mapped"] = fmt.Sprintf("::ffff:%x:%x", n>>16, n&0xffff)
		return all
	}
	all["its bytes"], all["its /64 as bytes"] = string(raw), string(raw[:8])
	all["expanded"], all["its /64 in hex"] = addr.StringExpanded(), hex.EncodeToString(raw[:8])
	all["its /64 as text"] = strings.TrimSuffix(netip.PrefixFrom(addr, 64).Masked().Addr().String(), "::")
	return all
}
