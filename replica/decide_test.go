package replica

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTicksNeverGoBack(t *testing.T) {
	if got := nextTick(noon.Add(1500*time.Microsecond), noon); !got.Equal(noon.Add(time.Millisecond)) {
		t.Errorf("%s is not now in whole milliseconds", got)
	}
	if got := nextTick(noon.Add(-time.Minute), noon); !got.Equal(noon) {
		t.Errorf("a slow clock ticks %s after %s", got, noon)
	}
}

func TestStillLeads(t *testing.T) {
	away := errors.New("away")
	for _, c := range []struct {
		name    string
		renewed bool
		err     error
		since   time.Duration
		want    bool
	}{
		{"renewed", true, nil, time.Second, true},
		{"refused", false, nil, 0, false},
		{"silence within the lease", false, away, 2900 * time.Millisecond, true},
		{"silence beyond it", false, away, 3 * time.Second, false},
	} {
		if got := stillLeads(c.renewed, c.err, noon.Add(c.since), noon, 3*time.Second); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestOutcomeOfAWrite(t *testing.T) {
	for err, want := range map[error]outcome{
		nil: writeDone,
		fmt.Errorf("save: %w", faultline.ErrNotLeader):                                 writeNoLeader,
		fmt.Errorf("save: %w", store.ErrRevisionDiffers):                               writeBroken,
		fmt.Errorf("save: %w", store.ErrRevisionGap):                                   writeBroken,
		fmt.Errorf("save: %w: %w", faultline.ErrUnavailable, context.DeadlineExceeded): writeAgain,
		errors.New("revision 0 can't be"):                                              writeBroken,
	} {
		if got := outcomeOf(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestCatalogueNewsLeavesOutWhatTheMapSays(t *testing.T) {
	record := func(site string, rank int, components ...faultline.Component) faultline.SiteRecord {
		return faultline.SiteRecord{Site: site, Rank: rank, Components: components, Source: faultline.SourceCatalog}
	}
	observed := record("observed.com", 9, "cdn:akamai")
	observed.Source = faultline.SourceObserved
	owned := record("owned.com", 8, "cdn:akamai")
	owned.Source = faultline.SourceObserved
	now := owned
	now.Owner = "Owner"
	older := record("same.com", 1, "cdn:fastly", "dns:dyn")
	older.At, older.Uses = noon.Add(-time.Hour), []faultline.Component{"cdn:jsdelivr"} // no catalogue has them
	mapped := map[string]faultline.SiteRecord{
		"same.com": older, "observed.com": observed, "owned.com": owned,
		"moved.com": record("moved.com", 2, "cdn:akamai"), "ranked.com": record("ranked.com", 3),
	}
	news := catalogueNews([]faultline.SiteRecord{
		record("moved.com", 2, "cdn:fastly"), record("new.com", 5, "cdn:fastly"), record("observed.com", 2,
			"cdn:fastly"),
		now, record("ranked.com", 4), record("same.com", 1, "dns:dyn", "cdn:fastly"),
	}, func(site string) (faultline.SiteRecord, bool) { r, ok := mapped[site]; return r, ok }, noon)
	var got []string
	for _, ev := range news[0] {
		r := ev.(faultline.SiteRecord)
		got = append(got, r.Site)
		if r.Site == "owned.com" { // what was observed stays; nobody observes who runs a site
			if r.Source != faultline.SourceObserved || r.Owner != "Owner" || len(r.Components) != 1 {
				t.Errorf("%+v", r)
			}
			r.Source = faultline.SourceCatalog
		}
		if !r.At.Equal(noon) || r.Source != faultline.SourceCatalog {
			t.Errorf("%s: at %s, source %q", r.Site, r.At, r.Source)
		}
	}
	if s := strings.Join(got, " "); s != "moved.com new.com owned.com ranked.com" || len(news) != 1 {
		t.Errorf("wrote %s in %d batches", s, len(news))
	}
}

func TestCatalogueNewsComesInBatches(t *testing.T) {
	catalogue := make([]faultline.SiteRecord, 1001)
	for i := range catalogue {
		catalogue[i].Site = fmt.Sprintf("s%04d.com", i)
	}
	news := catalogueNews(catalogue, func(string) (faultline.SiteRecord, bool) {
		return faultline.SiteRecord{},
			false
	}, noon)
	if len(news) != 3 || len(news[0]) != 500 || len(news[2]) != 1 {
		t.Errorf("%d batches", len(news))
	}
}

func TestUnready(t *testing.T) {
	well := progress{Loaded: true, CaughtUp: true}
	if err := unready(well); err != nil {
		t.Errorf("a node that is well: %v", err)
	}
	for why, change := range map[string]func(*progress){
		"draining": func(p *progress) { p.Draining = true }, "Redis": func(p *progress) { p.Silent = 3 * time.Second },
		"checkpoint":     func(p *progress) { p.Loaded = false },
		"end of the log": func(p *progress) { p.CaughtUp = false },
		"password": func(p *progress) {
			p.Silent, p.Away = 3*time.Second,
				errors.New("Redis refuses the password")
		},
		"no writes": func(p *progress) { p.Refused = errors.New("its memory is full") },
		"leads":     func(p *progress) { p.Leads = time.Minute },
		"5s behind": func(p *progress) { p.Lag = 5 * time.Second },
	} {
		p := well
		change(&p)
		if err := unready(p); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestLagIsHowLongTheOldestHasWaited(t *testing.T) {
	var w waiting
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		tail, folded string
		now          int
		want         time.Duration
	}{
		{"100-0", "100-0", 0, 0},
		{"900-0", "100-0", 1, 0},               // just seen, whatever the positions say
		{"901-0", "100-0", 3, 2 * time.Second}, // that one still waits
		{"902-0", "900-0", 4, time.Second},     // now 901-0 is the oldest
		{"902-0", "902-0", 9, 0},
	} {
		if got := w.Lag(pos(c.tail), pos(c.folded), at(c.now)); got != c.want {
			t.Errorf("at %d: %s, want %s", c.now, got, c.want)
		}
	}
	for i := range 10 * maxSightings {
		w.Lag(pos(fmt.Sprintf("%d-0", 1000+i)), pos("902-0"), at(20+i))
	}
	if len(w.seen) > maxSightings {
		t.Errorf("remembers %d", len(w.seen))
	}
}
