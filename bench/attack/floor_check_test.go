//go:build check

package main

import (
	"fmt"
	"testing"
)

// No army of the size that the floor names brings about what it must not.
func TestNoLieIsCheaperThanTheFloor(t *testing.T) {
	limits, err := floors(floorFile)
	if err != nil {
		t.Fatal(err)
	}
	s := newStudio(probings)
	for _, l := range limits {
		t.Run(fmt.Sprintf("%s %s %d", l.Goal, l.Probing, l.Liars), func(t *testing.T) {
			c, err := l.cell()
			if err != nil {
				t.Fatal(err)
			}
			if how := s.reachable(c, l.size); how != "" {
				t.Errorf("%d people over %d networks bring it about: %s", l.People, l.Networks, how)
			}
		})
	}
}
