package faultline

import (
	"cmp"
	"slices"
	"time"
)

// TypeReaders is the type of a [Readers] line.
const TypeReaders = "readers"

// Bounds of a [Readers] line.
const (
	// LeastRequests is the least number of requests that is counted of one network in one
	// minute. Fewer are not written down: they could be those of one person.
	LeastRequests = 50
	// MaxReaderNetworks bounds the networks of one line, the busiest first.
	MaxReaderNetworks = 1000
)

// Readers says how many requests for pages and answers one node had from people in one
// minute, by the network that they came from. It holds no address. A network that is
// missing had fewer than [LeastRequests]. It is the evidence that a crowd cannot forge of
// a network of viewers, which no probe can see: people whose network fails stop reading.
type Readers struct {
	At       time.Time       `json:"at"`       // the end of the minute
	Node     string          `json:"node"`     // who counted, opaque: one node and minute count once
	Networks []ReaderNetwork `json:"networks"` // ascending by asn
}

// ReaderNetwork is one network of a [Readers] line.
type ReaderNetwork struct {
	ASN      uint32 `json:"asn"`
	Country  string `json:"country,omitempty"` // ISO 3166-1 alpha-2, of the first of its readers
	Requests int    `json:"requests"`          // of that minute, LeastRequests or more
}

func (Readers) Type() string { return TypeReaders }

// Time is when the node counted them, by the clock of the log.
func (e Readers) Time() time.Time { return e.At }

// Bounded is the line as it may be written down: without networks that are unknown or had
// too few requests, ascending, and only the busiest if there are too many.
func (e Readers) Bounded() Readers {
	kept := make([]ReaderNetwork, 0, len(e.Networks))
	for _, n := range e.Networks {
		if n.ASN != 0 && n.Requests >= LeastRequests {
			kept = append(kept, n)
		}
	}
	if len(kept) > MaxReaderNetworks {
		slices.SortFunc(kept, func(a, b ReaderNetwork) int {
			return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.ASN, b.ASN))
		})
		kept = kept[:MaxReaderNetworks]
	}
	slices.SortFunc(kept, func(a, b ReaderNetwork) int { return cmp.Compare(a.ASN, b.ASN) })
	e.Networks = slices.CompactFunc(kept, func(a, b ReaderNetwork) bool { return a.ASN == b.ASN })
	return e
}

// What the readers of a viewers' network say of its outage.
const (
	ReadersSilent  = "silent"  // they have stopped reading, while others read more than usual
	ReadersSteady  = "steady"  // they read as usual: the network does not fail for them
	ReadersUnclear = "unclear" // neither
)

// ReadersEvidence is what is known of the readers from a network that is the cause of an
// incident.
type ReadersEvidence struct {
	State string `json:"state" enums:"silent,steady,unclear"`
	// Usual is how many requests a minute come from that network when all is well, in tens.
	Usual int `json:"usual"`
}
