package infra

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"faultline"
)

// Bounds of a file of ranges.
const (
	maxRangesBytes = 32 << 20
	maxRanges      = 1 << 18
)

// RangeFile is what providers publish of their address ranges, as one document.
type RangeFile struct {
	AsOf   string       `json:"as_of"` // when it was fetched, RFC 3339
	Ranges []RangeGroup `json:"ranges"`
}

// RangeGroup is the ranges of one component.
type RangeGroup struct {
	Component faultline.Component `json:"component"`
	Source    string              `json:"source"` // where they were published
	Prefixes  []netip.Prefix      `json:"prefixes"`
}

// Ranges finds the component that an address belongs to by the longest range that
// somebody has published. The zero value holds none; it is read only once filled.
type Ranges struct {
	table bart.Table[faultline.Component]
}

// LoadRanges reads a [RangeFile].
func LoadRanges(r io.Reader) (*Ranges, error) {
	var file RangeFile
	limited := &io.LimitedReader{R: r, N: maxRangesBytes + 1}
	err := json.UnmarshalRead(limited, &file, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("ranges: larger than %d bytes", maxRangesBytes)
	case err != nil:
		return nil, fmt.Errorf("ranges: %w", err)
	}
	ranges, n := &Ranges{}, 0
	for _, g := range file.Ranges {
		if err := checkComponent(g.Component); err != nil {
			return nil, fmt.Errorf("ranges: %w", err)
		}
		for _, p := range g.Prefixes {
			if n++; n > maxRanges {
				return nil, fmt.Errorf("ranges: more than %d", maxRanges)
			}
			if !p.IsValid() {
				return nil, fmt.Errorf("ranges: %s: a prefix is missing", g.Component)
			}
			if tooWide(p) {
				return nil, fmt.Errorf("ranges: %s: %s holds more of the internet than anybody has", g.Component, p)
			}
			ranges.insert(p, g.Component)
		}
	}
	if n == 0 {
		return nil, errors.New("ranges: there are none")
	}
	return ranges, nil
}

// Write writes the file, its ranges sorted so that two of them can be compared.
func (f RangeFile) Write(w io.Writer) error {
	for _, g := range f.Ranges {
		slices.SortFunc(g.Prefixes, func(a, b netip.Prefix) int {
			return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
		})
	}
	slices.SortFunc(f.Ranges, func(a, b RangeGroup) int { return cmp.Compare(a.Component, b.Component) })
	if err := json.MarshalWrite(w, f, jsontext.WithIndent(" ")); err != nil {
		return fmt.Errorf("write ranges: %w", err)
	}
	return nil
}

func (r *Ranges) insert(p netip.Prefix, c faultline.Component) { r.table.Insert(p.Masked(), c) }

// Len is how many ranges there are.
func (r *Ranges) Len() int {
	if r == nil {
		return 0
	}
	return r.table.Size()
}

// Lookup returns the component of an address and the range that says so. No
// ranges at all know nothing.
func (r *Ranges) Lookup(addr netip.Addr) (faultline.Component, netip.Prefix, bool) {
	if r == nil || !addr.IsValid() {
		return "", netip.Prefix{}, false
	}
	addr = addr.Unmap().WithZone("")
	in, c, ok := r.table.LookupPrefixLPM(netip.PrefixFrom(addr, addr.BitLen()))
	return c, in, ok
}
