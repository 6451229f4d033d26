package replay

import "testing"

// BenchmarkDecode measures one line of each kind. "escaped" is what the quick
// reader leaves to the full decoder.
func BenchmarkDecode(b *testing.B) {
	for name, line := range map[string]string{
		"probe": `{"type": "probe", "at": "2021-06-08T09:51:04.011Z", "site": "bbc.co.uk", "vantage": "lon-1",` +
			` "symptom": "ok", "status": 200, "latency_ms": 182}`,
		"report": `{"type": "report", "at": "2021-06-08T09:51:03.120Z", "site": "bbc.co.uk",` +
			` "reporter": "9f3c01aa22bb44dd", "asn": 2856, "country": "GB", "net": "2312eae8", "symptom": "http_503"}`,
		"site": `{"type": "site", "site": "bbc.co.uk", "rank": 120, "components": ["asn:AS54113", "cdn:akamai",` +
			` "cdn:fastly", "tld:uk"]}`,
		"tick": `{"type":"tick","at":"2021-06-08T09:51:04Z"}`,
		"escaped": `{"type":"report","at":"2021-06-08T09:51:03.120Z","site":"b\u0062c.co.uk",` +
			`"reporter":"9f3c01aa22bb44dd","asn":2856,"country":"GB","symptom":"http_503"}`,
	} {
		b.Run(name, func(b *testing.B) {
			d, raw := newDecoder(), []byte(line)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.decode(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
