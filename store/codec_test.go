package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"faultline"
)

// everyEvent is one of each type, with all fields set.
func everyEvent(at time.Time) []faultline.Event {
	return []faultline.Event{
		faultline.Report{At: at, Site: "bbc.co.uk", Symptom: "http_503", Reporter: "9f3c01aa22bb44dd", ASN: 2856,
			Country: "GB", Net: "0a1b2c3d"},
		faultline.Probe{At: at.Add(time.Second), Site: "bbc.co.uk", Vantage: "lon-1", Symptom: "http_503", Status: 503,
			LatencyMS: 182,
			Detail:    "edge", Via: []faultline.Component{"cdn:fastly", "pop:fastly/lhr"}},
		faultline.SiteRecord{At: at.Add(-time.Hour), Site: "bbc.co.uk", Rank: 120,
			Components: []faultline.Component{"cdn:akamai", "cdn:fastly"},
			Shares:     map[faultline.Component]float64{"cdn:fastly": 0.25, "cdn:akamai": 0.75},
			Source:     faultline.SourceCatalog},
		faultline.Vantage{Vantage: "lon-1", ASN: 20473, Country: "GB"},
		faultline.Statement{At: at, Component: "cdn:fastly", Source: "provider status page",
			Status: "investigating", Text: "…"},
		faultline.Tick{At: at},
		faultline.Correction{At: at, Incident: "inc_1", By: "ed", Text: "not ours", State: faultline.StateRetracted},
		faultline.Epoch{At: at, Epoch: "01J0"},
	}
}

func decodeBatch(packed string) (BatchKey, []faultline.Event, error) {
	key, u, err := openBatch(packed)
	if err != nil {
		return key, nil, err
	}
	events, err := u.events()
	return key, events, err
}

// An adoption comes back whole.
func TestCodecAdopt(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	a := faultline.Adopt{At: at, From: "5-1", Known: 7, Counters: faultline.Counters{Reports: 3}, CountedTo: "6-1",
		CountedAt: at, Incidents: []faultline.Incident{{ID: "inc_1", Revision: 3, State: faultline.StateConfirmed}}}
	packed, err := encodeBatch(BatchKey{1, 1}, []faultline.Event{a})
	ok(t, err)
	_, events, err := decodeBatch(string(packed))
	ok(t, err)
	equal(t, events, []faultline.Event{a})
}

// So does what was published.
func TestCodecPublished(t *testing.T) {
	p := faultline.Published{At: time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC),
		Incidents: []faultline.Incident{{ID: "inc_1", Revision: 3, State: faultline.StateConfirmed}}}
	packed, err := encodeBatch(BatchKey{1, 1}, []faultline.Event{p})
	ok(t, err)
	_, events, err := decodeBatch(string(packed))
	ok(t, err)
	equal(t, events, []faultline.Event{p})
}

func drawEvent(t *rapid.T) faultline.Event {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "bbc.co.uk", "lon-1", "9f3c01aa22bb44dd", "9F3C01AA22BB44DD"}),
		rapid.String(), rapid.StringMatching(`[0-9a-f]{16}`))
	str := func() string { return text.Draw(t, "text") }
	at := func() time.Time {
		if rapid.IntRange(0, 9).Draw(t, "no time") == 0 {
			return time.Time{}
		}
		return time.UnixMilli(rapid.Int64Range(-1e12, 1e13).Draw(t, "ms")).UTC()
	}
	asn := func() uint32 { return rapid.Uint32().Draw(t, "asn") }
	components := rapid.OneOf(rapid.Just([]faultline.Component(nil)),
		rapid.SliceOfN(rapid.Custom(func(t *rapid.T) faultline.Component {
			return faultline.Component(text.Draw(t, "component"))
		}), 0, 4))
	switch rapid.IntRange(0, 8).Draw(t, "type") {
	case 0:
		return faultline.Report{At: at(), Site: str(), Symptom: faultline.Symptom(str()), Reporter: str(), ASN: asn(),
			Country: str(), Net: str(), Hosting: rapid.Bool().Draw(t, "hosting")}
	case 1:
		return faultline.Probe{At: at(), Site: str(), Vantage: str(), Symptom: faultline.Symptom(str()),
			Status:    rapid.Int().Draw(t, "status"),
			LatencyMS: rapid.Int().Draw(t, "latency"), Detail: str(), Via: components.Draw(t, "via")}
	case 2:
		shares := rapid.OneOf(rapid.Just(map[faultline.Component]float64(nil)),
			rapid.MapOfN(rapid.Map(text, func(s string) faultline.Component { return faultline.Component(s) }),
				rapid.Float64(), 0, 4))
		runs := components.Draw(t, "runs")
		if len(runs) == 0 {
			runs = nil // no list and an empty one are the same
		}
		uses := components.Draw(t, "uses")
		if len(uses) == 0 {
			uses = nil
		}
		return faultline.SiteRecord{At: at(), Site: str(), Rank: rapid.Int().Draw(t, "rank"),
			Components: components.Draw(t, "components"),
			Shares:     shares.Draw(t, "shares"), Source: str(), Owner: str(), Runs: runs, Uses: uses}
	case 3:
		return faultline.Vantage{Vantage: str(), ASN: asn(), Country: str()}
	case 4:
		return faultline.Statement{At: at(), Component: faultline.Component(str()), Source: str(), Status: str(),
			Text: str()}
	case 5:
		return faultline.Tick{At: at()}
	case 7:
		network := rapid.Custom(func(t *rapid.T) faultline.ReaderNetwork {
			return faultline.ReaderNetwork{ASN: rapid.Uint32().Draw(t, "asn"), Country: text.Draw(t, "country"),
				Requests: int(rapid.Uint32().Draw(t, "n"))}
		})
		return faultline.Readers{At: at(), Node: str(), Networks: rapid.SliceOfN(network, 0, 4).Draw(t, "networks")}
	case 6:
		return faultline.Correction{At: at(), Incident: str(), By: str(), Text: str(),
			State: faultline.IncidentState(str())}
	default:
		return faultline.Epoch{At: at(), Epoch: str()}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := BatchKey{Writer: rapid.Uint64().Draw(t, "writer"), Seq: rapid.Uint64().Draw(t, "seq")}
		events := rapid.SliceOfN(rapid.Custom(drawEvent), 0, 20).Draw(t, "events")
		packed, err := encodeBatch(key, events)
		if err != nil {
			t.Fatal(err)
		}
		again, err := encodeBatch(key, events)
		if err != nil || string(again) != string(packed) {
			t.Fatalf("packed twice, different bytes (%v)", err)
		}
		gotKey, got, err := decodeBatch(string(packed))
		if err != nil || gotKey != key {
			t.Fatalf("got %v, %v, want %v", gotKey, err, key)
		}
		if !reflect.DeepEqual(got, append([]faultline.Event{}, events...)) {
			t.Fatalf("got  %#v\nwant %#v", got, events)
		}
	})
}

// TestCodecAnyBitFlip: no single wrong bit goes unnoticed.
func TestCodecAnyBitFlip(t *testing.T) {
	packed, err := encodeBatch(BatchKey{1, 2}, everyEvent(time.UnixMilli(1_700_000_000_000)))
	ok(t, err)
	for i := range packed {
		for bit := range 8 {
			bad := append([]byte{}, packed...)
			bad[i] ^= 1 << bit
			if _, _, err := decodeBatch(string(bad)); err == nil {
				t.Fatalf("bit %d of byte %d may be wrong", bit, i)
			}
		}
	}
}

func TestCodecCutsToMilliseconds(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123_999_999, time.FixedZone("", 3600))
	packed, err := encodeBatch(BatchKey{}, tickAt(at))
	ok(t, err)
	_, got, err := decodeBatch(string(packed))
	ok(t, err)
	equal(t, got, tickAt(faultline.Millis(at)))
}

// TestCodecGolden: what an earlier release has packed can be read for ever. A
// new form needs a new version byte and a file of its own beside this one.
func TestCodecGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/batch_v1.hex")
	ok(t, err)
	golden, err := hex.DecodeString(strings.TrimSpace(string(text)))
	ok(t, err)
	key, events := BatchKey{7, 300}, everyEvent(time.UnixMilli(1_700_000_000_123).UTC())
	gotKey, got, err := decodeBatch(string(golden))
	ok(t, err)
	equal(t, gotKey, key)
	equal(t, got, events)
	packed, err := encodeBatch(key, events)
	ok(t, err)
	equal(t, hex.EncodeToString(packed), hex.EncodeToString(golden))
}

// TestCodecSmall: a report in a batch of many costs little.
func TestCodecSmall(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	var events []faultline.Event
	for i := range 64 {
		events = append(events, faultline.Report{At: at.Add(time.Duration(i) * 3 * time.Millisecond),
			Site:    []string{"bbc.co.uk", "reddit.com"}[i%2],
			Symptom: "http_503", Reporter: strings.Repeat("0123456789abcdef"[i%16:i%16+1], 16), ASN: 2856,
			Country: "GB"})
	}
	packed, err := encodeBatch(BatchKey{1, 1}, events)
	ok(t, err)
	if per := float64(len(packed)) / float64(len(events)); per > 24 {
		t.Errorf("%.1f bytes a report", per)
	}
}

// FuzzDecode: whatever stands in the log, reading it does not panic; and whatever
// is read as a batch, was one.
func FuzzDecode(f *testing.F) {
	packed, err := encodeBatch(BatchKey{1, 2}, everyEvent(time.UnixMilli(1_700_000_000_000)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed[headBytes:])
	f.Add(packed[headBytes : len(packed)-5])
	f.Add(binary.AppendUvarint(append(make([]byte, 8), 1), 1<<62))
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := append([]byte{codecVersion, 0, 0, 0, 0}, body...)
		if _, _, err := decodeBatch(string(raw)); err == nil && crc32.Checksum(body, castagnoli) != 0 {
			t.Fatal("a wrong checksum was believed")
		}
		binary.LittleEndian.PutUint32(raw[1:], crc32.Checksum(body, castagnoli))
		key, events, err := decodeBatch(string(raw))
		if err != nil {
			return
		}
		again, err := encodeBatch(key, events)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := decodeBatch(string(again)); err != nil || len(got) != len(events) {
			t.Fatalf("read back as %v, %v", got, err)
		}
	})
}

func BenchmarkDecodeReports(b *testing.B) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	var events []faultline.Event
	for i := range 64 {
		events = append(events, faultline.Report{At: at, Site: []string{"bbc.co.uk", "reddit.com"}[i%2],
			Symptom:  "http_503",
			Reporter: strings.Repeat("0123456789abcdef"[i%16:i%16+1], 16), ASN: 2856, Country: "GB"})
	}
	packed, err := encodeBatch(BatchKey{1, 1}, events)
	if err != nil {
		b.Fatal(err)
	}
	text := string(packed)
	for b.Loop() {
		if _, _, err := decodeBatch(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/report")
}

// healthyRuns are the runs of some seconds of a vantage with many sites.
func healthyRuns(n int, at time.Time) (events []faultline.Event) {
	for i := range n {
		end := at.Add(time.Duration(i) * 3 * time.Millisecond)
		events = append(events, faultline.Probe{At: end, Site: fmt.Sprintf("site%x.example", i*2654435761),
			Vantage: "lon-1", Symptom: faultline.SymptomOK, Status: 200, LatencyMS: 90 + i%40,
			Run: &faultline.ProbeRun{From: end.Add(-3 * time.Minute), Count: 4,
				LatencyMS: [3]int{80 + i%40, 90 + i%40, 130 + i%40}}})
	}
	return events
}

// A batch with runs comes back whole, is small, and is one that releases before runs refuse by
// its version.
func TestCodecRuns(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	events := append(everyEvent(at), healthyRuns(1000, at)...)
	packed, err := encodeBatch(BatchKey{1, 1}, events)
	ok(t, err)
	if packed[0] != codecRuns {
		t.Errorf("version %d", packed[0])
	}
	key, got, err := decodeBatch(string(packed))
	ok(t, err)
	equal(t, key, BatchKey{1, 1})
	equal(t, got, events)
	if each := len(packed) / len(events); each > 24 {
		t.Errorf("a run takes %d bytes", each)
	}
}

// A batch that would unfold to more than one may hold, or holds a run that can't be, is refused.
func TestCodecRefusesRunsThatCannotBe(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	wrong := healthyRuns(1, at)
	wrong[0].(faultline.Probe).Run.Count = 1 << 30
	for name, body := range map[string][]byte{
		"more than fits": deflated(t, append(binary.AppendUvarint(nil, maxBatchBytes),
			bytes.Repeat([]byte{packTick, 0}, maxBatchBytes)...)),
		"not compressed":  {1, 2, 3},
		"a count too big": nil,
	} {
		packed, err := encodeBatch(BatchKey{1, 1}, wrong)
		ok(t, err)
		if body != nil {
			packed = append(packed[:headBytes+8+1], body...)
			binary.LittleEndian.PutUint32(packed[1:], crc32.Checksum(packed[headBytes:], castagnoli))
		}
		if _, _, err := decodeBatch(string(packed)); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deflated is a text compressed.
func deflated(t *testing.T, plain []byte) []byte {
	t.Helper()
	packed, err := deflate(plain)
	ok(t, err)
	return packed
}
