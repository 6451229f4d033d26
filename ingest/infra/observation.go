package infra

import (
	"net/http"
	"net/netip"
	"time"

	"faultline"
)

// Observation is what one check of a site saw of the infrastructure under it. What was not checked,
// or did not answer, is left zero: nothing is concluded from it.
type Observation struct {
	Site    string // as the map names it
	At      time.Time
	Vantage string
	// Trusted says that the vantage is this node's own prober. What other vantages
	// say is believed once two of them say it.
	Trusted bool
	Network uint32       // autonomous system of the vantage; 0 is unknown
	Host    string       // the name that was asked for; empty: the site itself
	CNAME   []string     // the chain of aliases that it led through, in order
	NS      []NameServer // of the zone that the host lies in
	Addrs   []netip.Addr // that the name led to
	Header  http.Header  // of the first response, before redirects to other hosts; nil: there was no answer
	// organisation that issued the certificate (its issuer's O, or CN where there is none)
	Issuer string
	Via    []faultline.Component // seen by a vantage that names only components
}

// NameServer is one that a zone is delegated to.
type NameServer struct {
	Host  string
	Addrs []netip.Addr // may be empty
}

// Finding is a component that a site depends on, by one observation.
type Finding struct {
	Component faultline.Component
	// Share is the part of this very observation that rests on it, 0 to 1: each
	// of two name server providers answers for half, each link of a chain of
	// aliases for all.
	Share float64
	// Own says that it is the site owner's own and nobody else's business.
	Own      bool
	Evidence []Evidence
}

// Evidence is why a component is believed to be there.
type Evidence struct {
	By   string `json:"by"`   // one of the By… words
	Saw  string `json:"saw"`  // what was observed: www.ft.com.map.fastly.net
	Rule string `json:"rule"` // what it was recognised by: fastly.net
}

// How a component is recognised.
const (
	ByName   = "name"   // the site's own name lies under a provider's suffix
	ByCNAME  = "cname"  // an alias does
	ByNS     = "ns"     // a name server does
	ByASN    = "asn"    // the autonomous system that an address is announced by
	ByPrefix = "prefix" // the announced prefix that an address lies in
	ByRange  = "range"  // a range that its owner publishes
	ByHeader = "header" // a response header that the provider adds
	ByIssuer = "issuer" // who issued the certificate
	ByVia    = "via"    // a vantage said so
	ByLog    = "log"    // it was observed in an earlier life of the map
	BySuffix = "suffix" // the top-level domain

	// ownByZone is the rule by which a name server is the site's own.
	ownByZone = "own zone"
)
