//go:build race

package pace

// Race says that the tests run with the race detector, so that a test which
// builds a program of its own builds it so too.
const Race = true
