package scenario

import (
	"fmt"
	"path"

	"github.com/go-json-experiment/json"

	"faultline"
)

// base is what several specs have in common. Specs that share a world so differ only in
// what goes wrong in it.
type base struct {
	Why      string    `json:"why"`
	Vantages []Vantage `json:"vantages"`
	Noise    Noise     `json:"noise"`
	Crowd    Crowd     `json:"crowd"`
	Sites    []Site    `json:"sites"`
}

// complete adds what the base of a spec has and the spec itself has not. Of a site that
// both name, the spec's line holds.
func (s *Spec) complete() error {
	if s.Base == "" {
		return nil
	}
	if !slug.MatchString(s.Base) {
		return fmt.Errorf("/base: %q is not of lower-case words with hyphens", s.Base)
	}
	data, err := specs.ReadFile(path.Join("specs", "base", s.Base+".json"))
	if err != nil {
		return fmt.Errorf("/base: %q: %w", s.Base, faultline.ErrNotFound)
	}
	var b base
	if err := json.Unmarshal(data, &b, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("/base: %q: %w", s.Base, err)
	}
	if s.Vantages == nil {
		s.Vantages = b.Vantages
	}
	if s.Noise.Symptoms == nil {
		s.Noise = b.Noise
	}
	if s.Crowd.Networks == nil {
		s.Crowd = b.Crowd
	}
	own := make(map[string]bool, len(s.Sites))
	for _, site := range s.Sites {
		own[site.Site] = true
	}
	for _, site := range b.Sites {
		if !own[site.Site] {
			s.Sites = append(s.Sites, site)
		}
	}
	return nil
}
