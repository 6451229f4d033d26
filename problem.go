package faultline

import (
	"errors"
	"fmt"
	"strings"
)

// Invalid says which field of an input is wrong and why. Pointer is an RFC 6901
// JSON pointer into the body, or Parameter the name of a query or path
// parameter; one of them is set.
type Invalid struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// Error names the member and says what is wrong with it.
func (i Invalid) Error() string {
	where := i.Pointer
	if where == "" {
		where = i.Parameter
	}
	return fmt.Sprintf("%s: %s", where, i.Detail)
}

// InvalidError is an input that was refused whole, with every reason. The API answers 400 or 422
// with it and writes nothing to the log.
type InvalidError []Invalid

// Error names all members that are wrong.
func (e InvalidError) Error() string {
	parts := make([]string, len(e))
	for i, inv := range e {
		parts[i] = inv.Error()
	}
	return strings.Join(parts, "; ")
}

// The conditions that callers tell apart.
var (
	// ErrUnavailable: the log can't be written or read just now; try again.
	ErrUnavailable = errors.New("the log is unavailable")
	// ErrSilent is an ErrUnavailable: nothing has been answered for so long that nothing
	// is asked for now. To try again at once is in vain.
	ErrSilent = fmt.Errorf("%w: it has not answered for a while", ErrUnavailable)
	// ErrNotFound: no such site, component, incident or revision.
	ErrNotFound = errors.New("not found")
	// ErrNotLeader: a newer leader holds the lease; nothing was written.
	ErrNotLeader = errors.New("another node leads")
)
