package api

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"faultline"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What one batch of probes may measure.
const (
	maxProbesBody = 1 << 20   // bytes
	maxProbes     = 5_000     // lines
	maxLatency    = 3_600_000 // milliseconds of one probe
)

const mediaNDJSON = "application/x-ndjson"

// probeLine is one probe as it is sent: an event line, of which type and
// vantage may be left out. Fields that we do not know are ignored, as in every
// event line.
type probeLine struct {
	Type *string   `json:"type,omitempty" enums:"probe"`
	At   time.Time `json:"at" format:"date-time"`
	Site string    `json:"site"`
	// the token's subject if not given
	Vantage string `json:"vantage,omitempty"`
	// what is not known is read as other
	Symptom string `json:"symptom"`
	// HTTP status; 0 when there was none
	Status int `json:"status,omitempty" minimum:"0" maximum:"999"`
	// milliseconds; 0 when not measured
	LatencyMS float64 `json:"latency_ms,omitempty" minimum:"0"`
	// nxdomain, servfail, origin, edge, …
	Detail string `json:"detail,omitempty"`
	// components seen on that very request
	Via []faultline.Component `json:"via,omitempty"`
	// CertificateEnds is when the site's certificate ends.
	CertificateEnds time.Time `json:"certificate_ends,omitempty" format:"date-time"`
	// of a line that stands for several results, all of which found the site well; at is the
	// time of the last one
	Run *faultline.ProbeRun `json:"run,omitempty"`
}

// probeBatch is a body of probes taken apart.
type probeBatch struct {
	prefix   string // of pointers into the body: /probes, or nothing
	probes   []faultline.Probe
	lines    []int // where each of probes stood in the body, from 0
	rejected []faultline.Invalid
}

// readProbes takes a body apart: NDJSON, a JSON array, or an object with the
// one member "probes". A line that is wrong is rejected alone; a body that is
// no JSON at all, or is too long, is refused whole.
func readProbes(body []byte, media, vantage string) (*probeBatch, error) {
	b := &probeBatch{}
	lines, err := b.split(body, media)
	if err != nil {
		return nil, err
	}
	if len(lines) > maxProbes {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge,
			detail: fmt.Sprintf("A batch holds at most %d probes.", maxProbes)}
	}
	for i, line := range lines {
		if len(line) == 0 { // an empty line in NDJSON keeps the numbering
			continue
		}
		probe, fault := readProbe(line, vantage)
		if fault != nil {
			b.reject(i, *fault)
			continue
		}
		b.probes, b.lines = append(b.probes, probe), append(b.lines, i)
	}
	if len(b.probes) == 0 && len(b.rejected) == 0 {
		return nil, faultline.InvalidError{{Pointer: b.prefix, Detail: "holds no probe"}}
	}
	return b, nil
}

func (b *probeBatch) split(body []byte, media string) ([]jsontext.Value, error) {
	if media == mediaNDJSON {
		var lines []jsontext.Value
		for line := range bytes.Lines(body) {
			if lines = append(lines, bytes.TrimSpace(line)); len(lines) > maxProbes {
				break // refused by the caller; the rest need not be looked at
			}
		}
		return lines, nil
	}
	var lines []jsontext.Value
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		return lines, decodeStrict(body, &lines)
	}
	var whole struct {
		Probes []jsontext.Value `json:"probes"`
	}
	b.prefix = "/probes"
	err := decodeStrict(body, &whole)
	return whole.Probes, err
}

// readProbe reads one line. The vantage is who sent it; another one that is
// named on the line is left standing for ingest to refuse.
func readProbe(line jsontext.Value, vantage string) (faultline.Probe, *faultline.Invalid) {
	var p probeLine
	if err := json.Unmarshal(line, &p, timesAsWritten); err != nil {
		fault := jsonFault(err)
		return faultline.Probe{}, &fault
	}
	switch {
	case p.Type != nil && *p.Type != faultline.TypeProbe:
		return faultline.Probe{}, &faultline.Invalid{Pointer: "/type", Detail: "must be probe"}
	case p.At.IsZero():
		return faultline.Probe{}, &faultline.Invalid{Pointer: "/at", Detail: "is required"}
	case p.Symptom == "":
		return faultline.Probe{}, &faultline.Invalid{Pointer: "/symptom", Detail: "is required"}
	case !faultline.ValidStatus(p.Status):
		return faultline.Probe{}, &faultline.Invalid{Pointer: "/status", Detail: "must be an HTTP status"}
	case p.LatencyMS < 0 || p.LatencyMS > maxLatency:
		return faultline.Probe{},
			&faultline.Invalid{Pointer: "/latency_ms", Detail: "must be 0 to 3600000 milliseconds"}
	}
	if p.Vantage == "" {
		p.Vantage = vantage
	}
	return faultline.Probe{
		At: faultline.Millis(p.At), Site: p.Site, Vantage: p.Vantage,
		Symptom: faultline.ProbeSymptom(p.Symptom, p.Status), Status: p.Status,
		LatencyMS: int(math.Round(p.LatencyMS)), Detail: p.Detail, Via: p.Via,
		CertificateEnds: faultline.Millis(p.CertificateEnds), Run: p.Run,
	}, nil
}

func (b *probeBatch) reject(line int, why faultline.Invalid) {
	why.Pointer = b.prefix + "/" + strconv.Itoa(line) + why.Pointer
	b.rejected = append(b.rejected, why)
}

// rejectOf takes over what ingest rejected: its pointers count the probes
// that it was handed, ours the lines of the body.
func (b *probeBatch) rejectOf(why faultline.Invalid) {
	index, rest, _ := strings.Cut(strings.TrimPrefix(why.Pointer, "/"), "/")
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(b.lines) {
		b.rejected = append(b.rejected, why)
		return
	}
	if why.Pointer = ""; rest != "" {
		why.Pointer = "/" + rest
	}
	b.reject(b.lines[i], why)
}
