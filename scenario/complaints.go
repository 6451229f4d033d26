package scenario

import (
	"errors"
	"fmt"
	"strings"

	"faultline"
)

// maxNamedFaults is how much of what is wrong one error names.
const maxNamedFaults = 20

// complaints gathers what is wrong and where, so that the author of a spec sees all of
// it at once.
type complaints []error

// add notes a fault unless ok, at a JSON pointer (RFC 6901).
func (c *complaints) add(ok bool, pointer, why string, args ...any) {
	switch {
	case ok || len(*c) > maxNamedFaults:
	case len(*c) == maxNamedFaults:
		*c = append(*c, errors.New("and more"))
	default:
		*c = append(*c, faultline.Invalid{Pointer: pointer, Detail: fmt.Sprintf(why, args...)})
	}
}

// within refuses what is not a number from low to high.
func (c *complaints) within(pointer string, v, low, high float64) {
	c.add(v >= low && v <= high, pointer, "%v is not between %v and %v", v, low, high)
}

// count refuses a number of entries that is not from low to high.
func (c *complaints) count(pointer string, n, low, high int) {
	c.add(n >= low && n <= high, pointer, "%d of them, not between %d and %d", n, low, high)
}

// pointerToken escapes one token of a JSON pointer (RFC 6901).
func pointerToken(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}
