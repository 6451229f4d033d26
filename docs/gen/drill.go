package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"faultline"
	"faultline/api"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
	"faultline/board/find"
	"faultline/correlate"
	"faultline/dump"
	"faultline/ingest"
	"faultline/ingest/infra"
	"faultline/scenario"
)

// The drill that examples are recorded from, and when: Fastly has spoken, and
// its sites are still down.
const drillName = "fastly-2021-06-08"

var drillMoment = time.Date(2021, 6, 8, 10, 5, 0, 0, time.UTC)

// loadLimit bounds the wait for the board to hold what was concluded.
const loadLimit = 10 * time.Second

// drill is a whole Faultline that stands still at one moment of a scenario. Answers are
// those of the real API, so that an example cannot promise what the program does not
// do.
type drill struct {
	handler http.Handler
	cold    http.Handler // a node that knows nothing yet and can't reach the log
	source  *memory
	names   *ingest.Names
	records map[string]faultline.SiteRecord
	index   *board.Index
	keys    *token.Keys
	desk    *desk
	moment  time.Time
	held    *board.Board
	dumps   *dump.Daily
}

// now is the clock of the drill, which stands still.
func (d *drill) now() time.Time { return d.moment }

// fold plays a scenario up to a moment, a tick a second, as a node does, and keeps what
// was concluded.
func fold(name string, moment time.Time) (*drill, error) {
	spec, err := scenario.Builtin(name)
	if err != nil {
		return nil, err
	}
	d := &drill{moment: moment, desk: &desk{}, source: &memory{revisions: map[string][]faultline.Incident{},
		rows: map[rowKey]faultline.SeriesRow{}},
		names: ingest.NewNames(), records: map[string]faultline.SiteRecord{}, index: board.NewIndex()}
	listed, err := infra.BuiltinCatalog()
	if err != nil {
		return nil, err
	}
	for _, e := range listed.Sites {
		d.index.Describe(e.Site, board.About{Country: e.Country, Service: e.Category})
	}
	known, err := infra.FoldProviders()
	if err != nil {
		return nil, err
	}
	engine := correlate.New(correlate.Config{Drill: true, Providers: known})
	clock := spec.Start
	engine.Fold(faultline.Epoch{At: clock, Epoch: name})
	for at, ev := range spec.Arrivals() {
		if at.After(moment) {
			break
		}
		for ; !clock.After(at); clock = clock.Add(time.Second) {
			for _, inc := range engine.Fold(faultline.Tick{At: clock}) {
				d.source.publish(inc)
			}
			if clock.Second() == 0 {
				d.source.keep(engine.Series())
			}
		}
		for _, inc := range engine.Fold(ev) {
			d.source.publish(inc)
		}
		if record, ok := ev.(faultline.SiteRecord); ok {
			d.records[record.Site] = record
			d.names.Add(record.Site)
			d.index.Put(record)
		}
	}
	d.source.view = engine.View()
	return d, nil
}

// serve puts the API in front of what was concluded, with its clock at the
// moment. What runs ends with ctx. The keys lie in dir.
func (d *drill) serve(ctx context.Context, dir string) error {
	if err := writeKey(dir); err != nil {
		return err
	}
	var err error
	if d.keys, err = token.LoadOrCreate(dir, "", d.now); err != nil {
		return err
	}
	door := ingest.NewDoor(ingest.DoorConfig{Log: nowhere{}, Keys: nowhere{}, Names: d.names, Durable: true,
		Now: d.now, Writer: 1})
	d.held = d.board()
	streams := stream.New(d.held, stream.Config{})
	if d.dumps, err = days(ctx, filepath.Join(filepath.Dir(dir), "dumps")); err != nil {
		return err
	}
	if d.handler, err = d.node(door, d.held, streams); err != nil {
		return err
	}
	cold := d.config(shutDoor{}, d.board())
	cold.Revocations, cold.Webhooks, cold.Annotator, cold.MadeKeys = away{}, nil, nil, deskAway{}
	cold.Push, cold.Subscribers = d.notifies(browsersAway{}), browsersAway{}
	d.keys.SetRevoked(nil)
	if d.cold, err = api.New(cold); err != nil {
		return err
	}
	go func() { _ = door.Run(ctx) }()    // fails only with ctx
	go func() { _ = d.held.Run(ctx) }()  // likewise
	go func() { _ = streams.Run(ctx) }() // likewise
	return d.awaitView(ctx)
}

// board is the node's memory, read from what was concluded.
func (d *drill) board() *board.Board {
	return board.New(board.Config{Source: d.source, Series: d.source, Days: d.source, Durable: true,
		PublicURL: "https://faultline.example", Now: d.now,
		Index: d.index, Providers: providers})
}

func (d *drill) node(door api.Door, held *board.Board, streams *stream.Streams) (http.Handler, error) {
	cfg := d.config(door, held)
	cfg.Streams, cfg.Dumps = streams, d.dumps
	var err error
	if cfg.Record, err = d.tree(); err != nil {
		return nil, err
	}
	return api.New(cfg)
}

// config is that of the API, with all that a deployment may have switched on.
func (d *drill) config(door api.Door, held *board.Board) api.Config {
	cfg := api.Config{Limits: hurry{}, Reads: hurry{}, Door: door, Board: held, Keys: d.keys, Lookup: d.lookup,
		Index:       d.index,
		Revocations: nowhere{}, Registrar: nowhere{}, MadeKeys: d.desk, Webhooks: nowhere{}, Annotator: nowhere{},
		Push: d.notifies(browsers{}), Subscribers: browsers{},
		Now:      d.now,
		Ready:    held.Ready,
		Writable: held.Ready, Find: finder().Find}
	if _, shut := door.(shutDoor); !shut {
		cfg.Work, cfg.Checks = shift{}, counter{d.names}
	}
	return cfg
}

// providers are those of the drill.
var providers = faultline.NewProviders(
	[]faultline.Provider{{Slug: "fastly", Name: "Fastly", Aliases: []string{"fastly cdn"},
		Components: []string{"cdn:fastly"}, Networks: []uint32{54113}, Sites: []string{"fastly.com"},
		Status: "https://www.fastlystatus.com"}})

// finder finds the providers of the drill.
func finder() *find.Index {
	x := find.New()
	for _, p := range providers.All() {
		thing, names := find.Of(p)
		x.Put(thing, 1, names...)
	}
	return x
}

// shift is what the vantages of the drill do at its moment.
type shift struct{}

func (shift) Work(_ context.Context, who faultline.VantageStatus, _ string,
	_ time.Duration) (faultline.WorkAnswer, error) {
	until := drillMoment.Add(45 * time.Second)
	return faultline.WorkAnswer{Vantage: who.Vantage, PeriodS: 60, Page: "https://faultline.example/prober",
		Revision: "1k2m.9x",
		Sites: []faultline.WorkSite{{Site: "bbc.co.uk", Components: []faultline.Component{"cdn:akamai", "cdn:fastly",
			"tld:uk"}}, {Site: "google.com", Components: []faultline.Component{"asn:AS15169"}}},
		CheckRequests: []faultline.CheckRequest{{Site: "reddit.com",
			Reason: faultline.CheckSuspect, Component: "cdn:fastly",
			Until: until},
			{Site: "wikipedia.org", Reason: faultline.CheckControl, Component: "cdn:fastly", Until: until}}}, nil
}

func (shift) Vantages() []faultline.VantageStatus {
	return []faultline.VantageStatus{
		{Vantage: "lon-1", ASN: 20473, Country: "GB", State: faultline.VantageOK, Since: drillMoment.Add(-time.Hour),
			SeenAt: drillMoment, KnownSince: drillMoment.Add(-90 * 24 * time.Hour),
			Health: &faultline.VantageHealth{Version: "v1.0.0", Due: 94_320, Delivered: 94_118,
				DeliveredAt: drillMoment}},
		{Vantage: "nyc-1", ASN: 14061, Country: "US", State: faultline.VantageBlind,
			Since: drillMoment.Add(-time.Minute), Why: "no canary answers", SeenAt: drillMoment},
	}
}

// awaitView waits until answers carry what was concluded.
func (d *drill) awaitView(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		a := d.ask(ctx, ask{path: "/v1/summary"})
		if a.status == http.StatusOK && a.header.Get("Faultline-As-Of") != "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the board does not load: last answer %d %s", a.status, a.body)
		case <-tick.C:
		}
	}
}

// lookup finds a site of the drill by what a person may call it.
func (d *drill) lookup(input string) (faultline.SiteRecord, error) {
	site, err := d.names.Normalise(input)
	if err != nil {
		return faultline.SiteRecord{}, faultline.InvalidError{{Parameter: "site", Detail: err.Error()}}
	}
	record, ok := d.records[site]
	if !ok {
		return faultline.SiteRecord{}, faultline.ErrNotFound
	}
	return record, nil
}

// nowhere takes what ingest writes and keeps nothing: the drill stands still. Its other
// methods are the stores of tokens, vantages and webhooks, with one of each in them.
type nowhere struct{}

func (nowhere) Append(context.Context, uint64, uint64, []faultline.Event) error { return nil }

func (nowhere) AddVantage(context.Context, faultline.AddedVantage) (bool, error) { return true, nil }

func (nowhere) AddedVantage(_ context.Context, name string) (faultline.AddedVantage, error) {
	if name != "lon-1" {
		return faultline.AddedVantage{}, faultline.ErrNotFound
	}
	//nolint:gosec // a token of nobody's
	return faultline.AddedVantage{Vantage: "lon-1", Token: "8J0mVZhCq1yWb5cXo2Jq4w",
		ExpiresAt: drillMoment.Add(time.Hour)}, nil
}

func (nowhere) RemoveVantage(context.Context, string) error { return nil }

func (nowhere) Revoke(context.Context, string, time.Time, time.Time) error { return nil }

func (nowhere) Revoked(context.Context) ([]string, error) { return nil, nil }

// away is a log that cannot be reached: everything that is sent is answered 503.
type away struct{}

func (away) Revoke(context.Context, string, time.Time, time.Time) error {
	return faultline.ErrUnavailable
}

func (away) Revoked(context.Context) ([]string, error) { return nil, faultline.ErrUnavailable }

func (nowhere) Annotate(context.Context, faultline.Event) error { return nil }

// causelessID is an incident that the source has besides those of the drill, and
// of which no cause is known.
const causelessID = "inc_01F7K00000000000000000000"

// busySubject has as many webhooks as one may have.
const busySubject = "busy"

func (nowhere) Webhooks(context.Context) (map[string][]byte, error) {
	all := map[string][]byte{}
	add := func(id, owner string) {
		all[id] = fmt.Appendf(nil,
			`{"id":%q,"owner":%q,"url":"https://example.com/hooks/faultline","filter":"kind=cdn",`+
				`"created":"2021-06-01T12:00:00Z"}`, id, owner)
	}
	add("wh_example", "lon-1")
	all["wh_unconfirmed"] = fmt.Appendf(nil, `{"id":"wh_unconfirmed","owner":%q,"url":"https://example.com/mine",`+
		`"filter":"","created":"2021-06-08T10:00:00Z","challenge":"5R3BN6Z7MTUPV2Q4XKJH7WGCLA"}`, madeSubject)
	for i := range 20 {
		add(fmt.Sprint("wh_busy", i), busySubject)
	}
	return all, nil
}

func (nowhere) ReplaceWebhook(context.Context, string, []byte, []byte) (bool, error) {
	return true, nil
}

func (nowhere) AddWebhook(_ context.Context, _, owner string, _ []byte, _ int) (bool, error) {
	return owner != busySubject, nil
}

func (nowhere) DeleteWebhook(context.Context, string) error { return nil }

func (nowhere) DeadDeliveries(context.Context, string) ([][]byte, error) {
	return [][]byte{
		[]byte(
			`{"id":"msg_5tzq2xq4mvdi","at":"2021-06-07T09:00:00Z","attempts":8,"reason":"answered 500",` +
				`"incident":"inc_01F7K00000000000000000000","revision":4}`)}, nil
}

func (nowhere) Attempts(context.Context, string) ([][]byte, error) {
	return [][]byte{
		[]byte(`{"message":"msg_3k7wq5zt2xvm","type":"test","at":"2021-06-08T10:01:00Z","try":1,"outcome":"taken",` +
			`"status":204,"reason":"","took_ms":38,"incident":"","revision":0}`),
		[]byte(`{"message":"msg_5tzq2xq4mvdi","type":"incident.updated","at":"2021-06-08T10:00:30Z","try":1,` +
			`"outcome":"failed","status":500,"reason":"answered 500","took_ms":112,` +
			`"incident":"inc_01F7K00000000000000000000","revision":4}`)}, nil
}

func (nowhere) DailyKey(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }

// shutDoor is a door whose log is away.
type shutDoor struct{}

func (shutDoor) Report(context.Context, netip.Addr, string, string) (faultline.Receipt, error) {
	return faultline.Receipt{}, faultline.ErrUnavailable
}

func (shutDoor) Probes(context.Context, faultline.Vantage, []faultline.Probe) (int, []faultline.Invalid, error) {
	return 0, nil, faultline.ErrUnavailable
}

func (shutDoor) Alerts(context.Context, faultline.Vantage, []faultline.Alert) (int, []faultline.Invalid, error) {
	return 0, nil, faultline.ErrUnavailable
}

// exampleKey is the Ed25519 key of RFC 8037, appendix A.1: known to everybody,
// so that the recorded key set stays the same and opens nothing.
const exampleKey = "nWGxne_9WmC6hEr0kuwsERJxWl7MmkZcDusAxyuf2A0"

func writeKey(dir string) error {
	seed, err := base64.RawURLEncoding.DecodeString(exampleKey)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return os.WriteFile(filepath.Join(dir, "example.pem"), block, 0o600)
}

// hurried is where the requests come from that are too many.
var hurried = netip.MustParseAddr("203.0.113.9")

// hurry lets everybody in but the address and the token that examples of 429 are made
// with.
type hurry struct{}

func (hurry) Person(addr netip.Addr) faultline.Allowance {
	a := faultline.Allowance{OK: addr != hurried, RetryAfter: time.Second}
	a.Quotas[0] = faultline.Quota{Name: "person", Limit: 100, Window: 20 * time.Second}
	return a
}

func (hurry) Read(who faultline.Reader, _ bool) faultline.Allowance {
	a := faultline.Allowance{OK: who.Addr != hurried, RetryAfter: time.Second}
	a.Quotas[0] = faultline.Quota{Name: "reads", Limit: 60, Window: time.Minute, Remaining: 59, Reset: time.Second}
	if !a.OK {
		a.Quotas[0].Remaining, a.Quotas[0].Reset = 0, time.Minute
	}
	return a
}

func (hurry) Unread(faultline.Reader) {}

func (hurry) Stream(faultline.Reader) (func(), bool) { return func() {}, true }

// hastySubject bears a token that has asked enough.
const hastySubject = "hasty"

func (hurry) Token(subject string) faultline.Allowance {
	a := faultline.Allowance{OK: subject != hastySubject, RetryAfter: time.Second}
	a.Quotas[0] = faultline.Quota{Name: "token", Limit: 600, Window: time.Minute}
	return a
}
