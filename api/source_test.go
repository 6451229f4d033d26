package api

import (
	"faultline/board/boardtest"
)

// What the tests of this package take from the source in memory.
var (
	t0         = boardtest.T0
	position   = boardtest.Position
	incident   = boardtest.Incident
	eventually = boardtest.Eventually
)
