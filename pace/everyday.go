//go:build !check

package pace

// Thorough says that this is the thorough run (`make check`, build tag check)
// and not the everyday one (`make test`). A test whose cases are many and alike
// takes all of them in the thorough run and some of them every day. A test that
// has no place in the everyday run stands in a file with the build constraint
// "check" instead.
const Thorough = false
