package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/api/push"
	"faultline/ingest"
	"faultline/store"
)

// doorFlags are the settings of what is sent to a node and read from it: the limits of
// people, prefixes, tokens and readers, and the databases that tell the network and country
// of an address. How limits are counted is in ingest/limits.go.
type doorFlags struct {
	AddressDB       []string `name:"address-db" sep:"," placeholder:"FILE" env:"FAULTLINE_ADDRESS_DB" help:"Databases (MMDB) that map addresses to networks and countries, separated by commas. A file that changes is read again. Without one, address prefixes are used in place of networks. script/address-db fetches free ones."`
	HostingNetworks string   `placeholder:"FILE" env:"FAULTLINE_HOSTING_NETWORKS" help:"File with further networks of machines, one AS number a line. Their reports have no weight. A ! in front removes a built-in network."`
	PersonLimit     int      `default:"300" env:"FAULTLINE_PERSON_LIMIT" help:"Requests that one address (or IPv6 /64) may send in a minute, a third of them at once. 1 to 1000000."`
	PrefixLimit     int      `default:"6000" env:"FAULTLINE_PREFIX_LIMIT" help:"Requests that one prefix (/24, or IPv6 /48) may send in a minute, a third of them at once."`
	TokenLimit      int      `default:"600" env:"FAULTLINE_TOKEN_LIMIT" help:"Requests that the subject of a token may send in a minute over all nodes, a third of them at once."`
	SelfKeys        bool     `default:"true" negatable:"" env:"FAULTLINE_SELF_KEYS" help:"Let anybody make an API key on /developers without asking you, with webhooks that their receivers must confirm. A key costs about a second of computing. At most 5 keys a day for one address prefix, and 2000 in all. Use --no-self-keys if only your own people should have keys."`
	PushContact     string   `name:"web-push-contact" placeholder:"mailto:…|https://…" env:"FAULTLINE_WEB_PUSH_CONTACT" help:"Let people ask for notifications in their browser about sites, providers, components and lists of them. Push services of browsers write to this address if something is wrong (VAPID, RFC 8292). Without it nobody is notified."`
	ReadLimit       int      `default:"60" env:"FAULTLINE_READ_LIMIT" help:"Reads without a token that one address (or IPv6 /64) may make in a minute. Answers of 304, pages and widgets do not count. 0: no limit on reads and streams."`
	ConnectionLimit int      `default:"512" env:"FAULTLINE_CONNECTION_LIMIT" help:"Connections that one address (or IPv6 /64) may hold open. Trusted proxies have no limit. 0: no limit for anybody."`
	TokenReadLimit  int      `default:"600" env:"FAULTLINE_TOKEN_READ_LIMIT" help:"Reads that the subject of a token may make in a minute."`
}

// maxLimit bounds a limit, in requests a minute. A larger number is a slip of the keyboard,
// and would have the effect of no limit at all.
const maxLimit = 1_000_000

// check holds each limit between its least value and maxLimit. 0 means "no limit" only for those of
// readers and connections: what is written always has a limit.
func (f doorFlags) check() error {
	for _, l := range []struct {
		flag     string
		least, n int
	}{{"person-limit", 1, f.PersonLimit}, {"prefix-limit", 1, f.PrefixLimit}, {"token-limit", 1, f.TokenLimit},
		{"read-limit", 0, f.ReadLimit}, {"token-read-limit", 1, f.TokenReadLimit},
		{"connection-limit", 0, f.ConnectionLimit}} {
		if l.n < l.least || l.n > maxLimit {
			return usageError{fmt.Errorf("--%s: must be between %d and %d but got %d", l.flag, l.least, maxLimit, l.n)}
		}
	}
	if f.PushContact == "" {
		return nil
	}
	if err := push.CheckContact(f.PushContact); err != nil {
		return usageError{fmt.Errorf("--web-push-contact: %w", err)}
	}
	return nil
}

// openPlaces reads the address databases; nil when none is named, and then reports carry
// neither network nor country. The databases stay open for as long as the node runs.
func (f doorFlags) openPlaces(log *slog.Logger, reg prometheus.Registerer) (*ingest.Places, error) {
	if len(f.AddressDB) == 0 {
		return nil, nil
	}
	places, err := ingest.OpenPlaces(f.AddressDB, log, reg)
	if err != nil {
		return nil, usageError{fmt.Errorf("--address-db: %w", err)}
	}
	return places, nil
}

// hosting are the networks of hosting companies, whose reports weigh nothing: people do not
// browse from there, and addresses there are cheap to rent in number. A file adds to the
// built-in list, or takes networks out of it.
func (f doorFlags) hosting() (ingest.Hosting, error) {
	if f.HostingNetworks == "" {
		return ingest.NewHosting(nil)
	}
	return readFile("hosting-networks", f.HostingNetworks, ingest.NewHosting)
}

// limits are those of the flags, settled with the other nodes in the store: a limit is one
// for the whole deployment and not one a node, since a load balancer spreads the requests of
// one sender. now must never jump, since minutes are counted by it.
func (f doorFlags) limits(st *store.Store, now func() time.Time, reg prometheus.Registerer) *ingest.Limits {
	return ingest.NewLimits(ingest.LimitsConfig{Person: f.PersonLimit, Prefix: f.PrefixLimit, Token: f.TokenLimit,
		Reads: f.ReadLimit, TokenReads: f.TokenReadLimit, Keys: st, Shared: st, Now: now, Registerer: reg})
}
