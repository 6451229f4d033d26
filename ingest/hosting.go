package ingest

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed hosting.txt
var hostingText string

// maxHosting bounds a list of hosting networks.
const maxHosting = 100_000

// Hosting are the autonomous systems of machines rather than of people: clouds,
// hosters, and the exits of rented proxies and VPNs. A report from one of them is
// acknowledged and weighs nothing.
type Hosting map[uint32]bool

// NewHosting returns the networks that are built in, and those of extra if it is
// not nil: one a line, AS64496 or 64496, whatever follows a # is a remark. A line
// that begins with ! takes a network out.
func NewHosting(extra io.Reader) (Hosting, error) {
	h := Hosting{}
	if err := h.read(strings.NewReader(hostingText)); err != nil {
		return nil, fmt.Errorf("built-in hosting networks: %w", err)
	}
	if extra != nil {
		if err := h.read(extra); err != nil {
			return nil, fmt.Errorf("hosting networks: %w", err)
		}
	}
	return h, nil
}

// read adds the networks of a list, one AS number a line. A number behind ! is taken out,
// so that an operator's file can correct the built-in one.
func (h Hosting) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		word, _, _ := strings.Cut(lines.Text(), "#")
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		rest, out := strings.CutPrefix(word, "!")
		asn, err := strconv.ParseUint(strings.TrimPrefix(rest, "AS"), 10, 32)
		if err != nil || asn == 0 {
			return fmt.Errorf("line %d: %q is not the number of an autonomous system", n, word)
		}
		if out {
			delete(h, uint32(asn))
			continue
		}
		if h[uint32(asn)] = true; len(h) > maxHosting {
			return fmt.Errorf("line %d: more than %d networks", n, maxHosting)
		}
	}
	return lines.Err()
}
