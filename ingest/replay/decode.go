package replay

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"faultline"
)

// errIgnored marks a well-formed line of a type that is not known here. It is counted
// and is no fault of the file.
var errIgnored = errors.New("unknown type")

// decoder turns lines into events. It keeps its buffers and the words that it
// has met between lines, so that one flat line costs little more than the event
// itself. Not safe for concurrent use.
type decoder struct {
	words words
	quick quick
	line  parsed
	// dropped names what was left out of the last line that was otherwise good.
	dropped []string
}

// parsed holds one line as it was written; typ says which member is meant. Only the
// member of the type is valid; the others are of earlier lines.
type parsed struct {
	typ       string
	report    faultline.Report
	probe     faultline.Probe
	site      faultline.SiteRecord
	vantage   faultline.Vantage
	statement faultline.Statement
	tick      faultline.Tick
	readers   faultline.Readers
	fix       faultline.Correction
	epoch     faultline.Epoch
	adopt     faultline.Adopt
	published faultline.Published
}

// newDecoder returns a decoder for one goroutine; it reuses its memory from line to line.
func newDecoder() *decoder { return &decoder{words: newWords()} }

// decode reads one line without its newline. It returns errIgnored for an
// unknown type, and for a malformed line an error that says why on one line.
// The event keeps nothing of line.
func (d *decoder) decode(line []byte) (faultline.Event, error) {
	d.dropped = d.dropped[:0]
	if !d.quick.parse(line, d.words, &d.line) {
		if err := d.line.unmarshal(line); err != nil {
			return nil, err
		}
	}
	return d.check()
}

// unmarshal reads any line by the rules of RFC 8259, and refuses names that occur twice
// and text that is not UTF-8, which readers understand differently. Unknown members are
// ignored: a newer release may write them. The type is read first and by itself, since
// it may stand anywhere in the line.
func (p *parsed) unmarshal(line []byte) error {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return why(err)
	}
	var into any
	switch p.typ = head.Type; p.typ {
	case faultline.TypeReport:
		p.report = faultline.Report{}
		into = &p.report
	case faultline.TypeProbe:
		p.probe = faultline.Probe{}
		into = &p.probe
	case faultline.TypeSite:
		p.site = faultline.SiteRecord{}
		into = &p.site
	case faultline.TypeVantage:
		p.vantage = faultline.Vantage{}
		into = &p.vantage
	case faultline.TypeStatement:
		p.statement = faultline.Statement{}
		into = &p.statement
	case faultline.TypeTick:
		p.tick = faultline.Tick{}
		into = &p.tick
	case faultline.TypeReaders:
		p.readers = faultline.Readers{}
		into = &p.readers
	case faultline.TypeCorrection:
		p.fix = faultline.Correction{}
		into = &p.fix
	case faultline.TypeEpoch:
		p.epoch = faultline.Epoch{}
		into = &p.epoch
	case faultline.TypeAdopt:
		p.adopt = faultline.Adopt{}
		into = &p.adopt
	case faultline.TypePublished:
		p.published = faultline.Published{}
		into = &p.published
	case "":
		return errors.New("has no type")
	default:
		return errIgnored
	}
	if err := json.Unmarshal(line, into); err != nil {
		return why(err)
	}
	return nil
}

// why puts a decoder's error on one printable line, without the names of Go types.
func why(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &semantic) && semantic.JSONPointer == "":
		return errors.New("is not a JSON object")
	case errors.As(err, &semantic):
		detail := "wrong kind of value"
		if semantic.Err != nil {
			detail = printable(semantic.Err.Error())
		}
		return fmt.Errorf("%s: %s", printable(string(semantic.JSONPointer)), detail)
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON at byte %d: %s", syntax.ByteOffset, printable(syntax.Err.Error()))
	}
	return errors.New(printable(err.Error()))
}

// printable keeps what a malformed line brings off the terminal's controls, and short.
// A file may be somebody else's.
func printable(s string) string {
	const limit = 200
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
