package statements

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"faultline"
)

// Bounds of a list of sources.
const (
	maxSourcesBytes = 1 << 20
	maxSources      = 512
	maxSays         = 16 // of one source
)

//go:embed sources.json
var builtin []byte

// The forms of a status page.
const (
	// FormStatuspage is Atlassian Statuspage v2 and what speaks like it
	// (https://developer.statuspage.io/): URL is the page's address, to which
	// /api/v2/incidents.json is added.
	FormStatuspage = "statuspage"
	// FormFeed is RSS or Atom; URL is the feed's.
	FormFeed = "feed"
	// FormInstatus is a page of Instatus (https://instatus.com/help/api): its summary.json is
	// added to URL.
	FormInstatus = "instatus"
	// FormIncidentIO is a page of incident.io: /api/v1/summary, its API for widgets, is added
	// to URL (https://docs.incident.io/status-pages/widget).
	FormIncidentIO = "incidentio"
	// FormBetterStack is a page of Better Stack: index.json is added to URL.
	FormBetterStack = "betterstack"
	// FormGoogle is the list of incidents of Google Cloud
	// (https://status.cloud.google.com/incidents.schema.json); URL is the document's.
	FormGoogle = "google"
	// FormAWS is what the health dashboard of AWS shows to everybody; URL is the document's.
	FormAWS = "aws"
)

// Source is one status page.
type Source struct {
	Name string `json:"name"` // who speaks; a later list replaces the source of that name
	URL  string `json:"url"`
	Form string `json:"form"`
	Says []Says `json:"says"`
	Off  bool   `json:"off"` // not asked: takes an earlier list's source out

	page string // the host, for people
}

// Says is what a page speaks of.
type Says struct {
	// Component is what a statement is about. A {} in its name is filled with
	// each thing that Fill finds, such as the regions that are named.
	Component faultline.Component `json:"component"`
	// Only is a pattern that a statement must match to be about it; empty: all do.
	Only string `json:"only"`
	// Fill is a pattern whose group, in lower case and without spaces, fills {}.
	Fill string `json:"fill"`

	only, fill *regexp.Regexp
}

// Builtin returns the pages that Faultline knows.
func Builtin() ([]Source, error) {
	list, err := Load(bytes.NewReader(builtin))
	if err != nil {
		return nil, fmt.Errorf("built-in %w", err)
	}
	return list, nil
}

// Load reads a list of sources, one JSON document of the shape of
// sources.schema.json. The error names every source that is wrong.
func Load(r io.Reader) ([]Source, error) {
	var file struct {
		Schema  string   `json:"$schema"`
		About   []string `json:"about"`
		Sources []Source `json:"sources"`
	}
	limited := &io.LimitedReader{R: r, N: maxSourcesBytes + 1}
	err := json.UnmarshalRead(limited, &file, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("sources of statements: larger than %d bytes", maxSourcesBytes)
	case err != nil:
		return nil, fmt.Errorf("sources of statements: %w", err)
	case len(file.Sources) > maxSources:
		return nil, fmt.Errorf("sources of statements: more than %d", maxSources)
	}
	var complaints []error
	seen := map[string]bool{}
	for i := range file.Sources {
		s := &file.Sources[i]
		err := s.prepare()
		if seen[s.Name] {
			err = errors.Join(err, errors.New("stands twice"))
		}
		seen[s.Name] = true
		if err != nil {
			complaints = append(complaints, fmt.Errorf("source %d (%q): %w", i+1, s.Name, err))
		}
	}
	if complaints != nil {
		return nil, fmt.Errorf("sources of statements: %w", errors.Join(complaints...))
	}
	return file.Sources, nil
}

// Over lays later lists over earlier ones, source by source, and takes out what is off.
// An operator can so replace one page without copying the built-in list.
func Over(lists ...[]Source) []Source {
	var merged []Source
	for _, s := range slices.Concat(lists...) {
		merged = slices.DeleteFunc(merged, func(have Source) bool { return have.Name == s.Name })
		merged = append(merged, s)
	}
	return slices.DeleteFunc(merged, func(s Source) bool { return s.Off })
}

// prepare checks a source and compiles its patterns. A source that is off needs nothing
// but its name.
func (s *Source) prepare() error {
	if s.Name == "" {
		return errors.New("has no name")
	}
	if s.Off {
		return nil
	}
	var problems []error
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		problems = append(problems, fmt.Errorf("url %q is not http(s)://HOST/…", s.URL))
	} else {
		s.page = u.Host
	}
	if _, known := forms[s.Form]; !known {
		problems = append(problems, fmt.Errorf("form %q is none of %s", s.Form,
			strings.Join(slices.Sorted(maps.Keys(forms)), ", ")))
	}
	if len(s.Says) == 0 || len(s.Says) > maxSays {
		problems = append(problems, fmt.Errorf("says something of 1 to %d components", maxSays))
	}
	for i := range s.Says {
		problems = append(problems, s.Says[i].prepare())
	}
	return errors.Join(problems...)
}

// prepare checks one line of a source: which component it speaks of, and by which words that is
// recognised.
func (s *Says) prepare() error {
	hollow := strings.Contains(string(s.Component), "{}")
	name := faultline.Component(strings.ReplaceAll(string(s.Component), "{}", "x"))
	if !name.Valid() || name.Kind() == faultline.KindISP {
		return fmt.Errorf("component %q is of no kind that a status page can be about", s.Component)
	}
	if hollow != (s.Fill != "") {
		return fmt.Errorf("component %q: a {} in it and fill go together", s.Component)
	}
	var err error
	if s.only, err = regexp.Compile(s.Only); err != nil {
		return fmt.Errorf("only: %w", err)
	}
	if s.fill, err = regexp.Compile(s.Fill); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if hollow && s.fill.NumSubexp() != 1 {
		return fmt.Errorf("fill %q has not one group", s.Fill)
	}
	return nil
}

// maxFilled bounds how many components one statement is about. A text that lists every
// region means all of them, which the component without a region says.
const maxFilled = 16

// about returns the components that a text speaks of.
func (s *Source) about(text string) []faultline.Component {
	var list []faultline.Component
	for _, says := range s.Says {
		if !says.only.MatchString(text) {
			continue
		}
		if says.Fill == "" {
			list = append(list, says.Component)
			continue
		}
		for _, found := range says.fill.FindAllStringSubmatch(text, maxFilled) {
			fill := strings.ToLower(strings.ReplaceAll(found[1], " ", ""))
			c := faultline.Component(strings.ReplaceAll(string(says.Component), "{}", fill))
			if c.Valid() {
				list = append(list, c)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxFilled)]
}
