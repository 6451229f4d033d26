package infra

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"faultline"
)

// Bounds of a signature table.
const (
	maxSignatureBytes = 8 << 20
	maxSignatures     = 1 << 14
	maxRules          = 1 << 12 // of one kind, of one signature
)

//go:embed signatures.json
var builtinSignatures []byte

// Signature says by what a component is recognised. Each rule must be documented by the
// provider or plain from public DNS: one that is too wide puts the sites of others on
// the component.
type Signature struct {
	// Component is what is there. A {} in its name is filled with what the rule
	// that recognised it took from the observation: cloud:aws/{}.
	Component faultline.Component `json:"component"`
	// Name is what people call the provider of the component, without a region.
	Name string `json:"name"`
	// Owner is whose it is, as the catalogue writes owners; for whom it serves
	// alone, or besides others.
	Owner string `json:"owner"`
	// Source is where its owner documents what stands here.
	Source  string        `json:"source"`
	CNAME   []string      `json:"cname"`   // suffixes of aliases and of the site's name
	NS      []string      `json:"ns"`      // suffixes of name servers
	ASN     []uint32      `json:"asn"`     // of the addresses that the site's name leads to
	NSASN   []uint32      `json:"ns_asn"`  // of the addresses of name servers
	Ranges  []string      `json:"ranges"`  // that addresses lie in
	Headers []HeaderMatch `json:"headers"` // of responses
	Issuers []string      `json:"issuers"` // of certificates: organisations, in any case
	// Capture is what may fill {}: a pattern for the whole of it.
	Capture string `json:"capture"`

	capture *regexp.Regexp
}

// HeaderMatch recognises a response header.
type HeaderMatch struct {
	Name string `json:"name"`
	// Match is looked for in each value; empty: any. Its group, if it has one,
	// fills {}.
	Match string `json:"match"`

	match *regexp.Regexp
}

// Signatures is a table of them, as it is written.
type Signatures struct {
	Schema string      `json:"$schema"` // for editors; not read
	AsOf   string      `json:"as_of"`   // the day up to which it was compiled, 2006-01-02
	About  []string    `json:"about"`   // remarks for people
	List   []Signature `json:"signatures"`
	// Networks are autonomous systems that their owner runs for itself.
	Networks []OwnNetwork `json:"networks"`
}

// OwnNetwork is an autonomous system of somebody who has it for themselves.
type OwnNetwork struct {
	ASN   uint32 `json:"asn"`
	Owner string `json:"owner"` // as the catalogue writes owners
}

// BuiltinSignatures returns the table that Faultline ships.
func BuiltinSignatures() (Signatures, error) {
	s, err := ReadSignatures(bytes.NewReader(builtinSignatures))
	if err != nil {
		return Signatures{}, fmt.Errorf("built-in %w", err)
	}
	return s, nil
}

// ReadSignatures reads a table, one JSON document of the shape of
// signatures.schema.json. It refuses unknown members, components that are not
// canonical, rules that can't be read, and one rule for two components of a kind,
// each by the component that it stands with.
func ReadSignatures(r io.Reader) (Signatures, error) {
	var s Signatures
	limited := &io.LimitedReader{R: r, N: maxSignatureBytes + 1}
	err := json.UnmarshalRead(limited, &s, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return Signatures{}, fmt.Errorf("signatures: larger than %d bytes", maxSignatureBytes)
	case err != nil:
		return Signatures{}, fmt.Errorf("signatures: %w", err)
	case len(s.List) > maxSignatures:
		return Signatures{}, fmt.Errorf("signatures: more than %d", maxSignatures)
	}
	if err := s.checkNetworks(); err != nil {
		return Signatures{}, fmt.Errorf("signatures: %w", err)
	}
	if _, err := NewMatcher(s, Sources{}); err != nil {
		return Signatures{}, fmt.Errorf("signatures: %w", err)
	}
	return s, nil
}

// Over lays other over s: a signature of a component replaces that of s whole.
func (s Signatures) Over(other Signatures) Signatures {
	replaced := map[faultline.Component]bool{}
	for _, sig := range other.List {
		replaced[sig.Component] = true
	}
	merged := s
	merged.List = slices.DeleteFunc(slices.Clone(s.List), func(sig Signature) bool { return replaced[sig.Component] })
	merged.List = append(merged.List, other.List...)
	merged.Networks = append(slices.Clone(s.Networks), other.Networks...)
	return merged
}

// prepare checks a signature and compiles its patterns.
func (s *Signature) prepare() error {
	name := strings.ReplaceAll(string(s.Component), "{}", "x")
	problems := []error{checkComponent(faultline.Component(name))}
	if s.hollow() != (s.Capture != "") {
		problems = append(problems, errors.New("a {} in the component's name and a capture go together"))
	}
	for _, rules := range [][]string{s.CNAME, s.NS, s.Ranges, s.Issuers} {
		if len(rules) > maxRules {
			problems = append(problems, fmt.Errorf("more than %d rules", maxRules))
		}
	}
	if s.rules() == 0 {
		problems = append(problems, errors.New("nothing recognises it"))
	}
	var err error
	if s.Capture != "" {
		if s.capture, err = regexp.Compile(`^(?:` + s.Capture + `)$`); err != nil {
			problems = append(problems, fmt.Errorf("capture: %w", err))
		}
	}
	for i := range s.Headers {
		h := &s.Headers[i]
		if h.match, err = regexp.Compile(h.Match); err != nil {
			problems = append(problems, fmt.Errorf("header %s: %w", h.Name, err))
		}
	}
	return errors.Join(append(problems, s.checkRules())...)
}

// hollow reports whether the component's name is to be filled.
func (s *Signature) hollow() bool { return strings.Contains(string(s.Component), "{}") }

// rules is by how many things a signature can be recognised. One without any is refused.
func (s *Signature) rules() int {
	return len(s.CNAME) + len(s.NS) + len(s.ASN) + len(s.NSASN) + len(s.Ranges) + len(s.Headers) + len(s.Issuers)
}

// takes reports whether a capture can fill the component's name.
func (s *Signature) takes(capture string) bool {
	return s.capture == nil || s.capture.MatchString(capture)
}

// name returns the component, filled.
func (s *Signature) name(capture string) faultline.Component {
	return faultline.Component(strings.ReplaceAll(string(s.Component), "{}", capture))
}
