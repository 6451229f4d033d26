package scenario

import (
	"embed"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"faultline"
)

// maxSpecBytes bounds what [Parse] reads.
const maxSpecBytes = 64 << 20

//go:embed specs
var specs embed.FS

// Names lists the scenarios that Faultline ships, sorted.
func Names() []string {
	entries, err := specs.ReadDir("specs")
	if err != nil { // embedded: it is there, or the build fails
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Builtin returns the scenario of that name. For any other name the error wraps
// [faultline.ErrNotFound] and lists those that there are.
func Builtin(name string) (Spec, error) {
	if !slices.Contains(Names(), name) {
		return Spec{}, fmt.Errorf("scenario %q: %w (there are: %s)", name, faultline.ErrNotFound,
			strings.Join(Names(), ", "))
	}
	f, err := specs.Open(path.Join("specs", name+".json"))
	if err != nil {
		return Spec{}, fmt.Errorf("scenario %q: %w", name, err)
	}
	defer f.Close()
	s, err := Parse(f)
	if err != nil {
		return Spec{}, fmt.Errorf("built-in %w", err)
	}
	if s.Name != name {
		return Spec{}, fmt.Errorf("built-in scenario %q calls itself %q", name, s.Name)
	}
	return s, nil
}

// Parse reads one spec, a JSON document of the shape of spec.schema.json. It is
// strict: unknown and repeated members and whatever makes no sense are refused,
// each with its place as a JSON pointer.
func Parse(r io.Reader) (Spec, error) {
	var s Spec
	limited := &io.LimitedReader{R: r, N: maxSpecBytes + 1}
	err := json.UnmarshalRead(limited, &s, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return Spec{}, fmt.Errorf("scenario: larger than %d bytes", maxSpecBytes)
	case err != nil:
		return Spec{}, fmt.Errorf("scenario: %w", err)
	}
	if err := s.complete(); err != nil {
		return Spec{}, fmt.Errorf("scenario %q: %w", s.Name, err)
	}
	if err := s.Check(); err != nil {
		return Spec{}, fmt.Errorf("scenario %q: %w", s.Name, err)
	}
	return s, nil
}
