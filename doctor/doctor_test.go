package doctor

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/store"
)

// fit is what a Redis says of itself about which nothing is wrong.
func fit() store.Inspection {
	return store.Inspection{
		Info: map[string]string{"redis_version": "7.2.4", "role": "master", "aof_enabled": "1",
			"aof_last_write_status": "ok", "used_memory": "1000000", "maxmemory": "1073741824",
			"maxmemory_policy": "noeviction", "connected_slaves": "1",
			"slave0": "ip=10.0.0.2,port=6379,state=online,lag=0"},
		Settings: map[string]string{"appendfsync": "always"}, User: "node", ExcessKnown: true,
		RoundTrip: time.Millisecond, Epoch: "01J", Entries: true, Leads: true,
	}
}

func TestRedisIsJudged(t *testing.T) {
	for _, c := range Redis(fit()) {
		if c.State != OK || c.Do != "" {
			t.Errorf("a fit Redis: %+v", c)
		}
	}
	info := func(field, value string) func(*store.Inspection) {
		return func(in *store.Inspection) { in.Info[field] = value }
	}
	for name, c := range map[string]struct {
		change func(*store.Inspection)
		check  string
		want   State
	}{
		"old":               {info("redis_version", "6.2.7"), "version", Wrong},
		"a strange version": {info("redis_version", "next"), "version", Unknown},
		"far away":          {func(in *store.Inspection) { in.RoundTrip = 200 * time.Millisecond }, "redis", Note},
		"a replica":         {info("role", "slave"), "role", Wrong},
		"loading":           {info("loading", "1"), "role", Wrong},
		"no file":           {info("aof_enabled", "0"), "persistence", Wrong},
		"everysec": {func(in *store.Inspection) { in.Settings["appendfsync"] = "everysec" },
			"persistence", Note},
		"CONFIG is refused":  {func(in *store.Inspection) { clear(in.Settings) }, "persistence", Unknown},
		"a full disk":        {info("aof_last_write_status", "err"), "disk", Wrong},
		"eviction":           {info("maxmemory_policy", "volatile-lru"), "memory", Wrong},
		"no limit":           {info("maxmemory", "0"), "memory", Note},
		"a small limit":      {info("maxmemory", "10000000"), "memory", Note},
		"nearly full":        {info("used_memory", "900000000"), "memory", Wrong},
		"no replica":         {info("connected_slaves", "0"), "replicas", Note},
		"a replica is late":  {info("slave0", "ip=a,port=1,state=online,lag=60"), "replicas", Wrong},
		"a replica is gone":  {info("slave0", "ip=a,port=1,state=wait_bgsave,lag=0"), "replicas", Wrong},
		"open to everybody":  {func(in *store.Inspection) { in.Unlocked = true }, "access", Wrong},
		"open on a socket":   {func(in *store.Inspection) { in.Unlocked, in.Local = true, true }, "access", OK},
		"too many rights":    {func(in *store.Inspection) { in.Excess = []string{"flushall"} }, "access", Note},
		"rights are unknown": {func(in *store.Inspection) { in.ExcessKnown = false }, "access", OK},
		"a clock ahead":      {func(in *store.Inspection) { in.Offset = 3 * time.Second }, "clock", Wrong},
		"a clock behind":     {func(in *store.Inspection) { in.Offset = -3 * time.Second }, "clock", Wrong},
		"no log":             {func(in *store.Inspection) { in.Epoch, in.Entries = "", false }, "log", Note},
		"half restored": {func(in *store.Inspection) { in.Epoch, in.Entries, in.Restoring = "", false, true },
			"log", Wrong},
		"no epoch":   {func(in *store.Inspection) { in.Epoch = "" }, "log", Wrong},
		"no entries": {func(in *store.Inspection) { in.Entries = false }, "log", Wrong},
		"no leader":  {func(in *store.Inspection) { in.Leads = false }, "log", Wrong},
	} {
		in := fit()
		in.Info, in.Settings = maps.Clone(in.Info), maps.Clone(in.Settings)
		c.change(&in)
		for _, got := range Redis(in) {
			if want := map[bool]State{true: c.want, false: OK}[got.Name == c.check]; got.State != want {
				t.Errorf("%s: %+v, want %s", name, got, want)
			}
			if got.State == Wrong && got.Do == "" {
				t.Errorf("%s: it does not say what to do", name)
			}
		}
	}
}

func TestWhatANodeHasIsJudged(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	bad := errors.New("damaged")
	old := now.Add(-60 * 24 * time.Hour)
	ok := faultline.VantageStatus{Vantage: "a", State: faultline.VantageOK, SeenAt: now}
	other, blind := ok, ok
	other.Vantage, blind.Vantage, blind.State = "b", "c", faultline.VantageBlind
	silent := ok
	silent.SeenAt = now.Add(-2 * time.Hour)
	for name, c := range map[string]struct {
		got  Check
		want State
	}{
		"no checkpoint":         {Checkpoints(nil, now), Note},
		"a checkpoint":          {Checkpoints([]Checkpoint{{SavedAt: now}}, now), OK},
		"an old checkpoint":     {Checkpoints([]Checkpoint{{SavedAt: now.Add(-time.Hour)}}, now), Wrong},
		"the older is good":     {Checkpoints([]Checkpoint{{Err: bad}, {SavedAt: now}}, now), Wrong},
		"none can be read":      {Checkpoints([]Checkpoint{{Err: bad}}, now), Wrong},
		"keys":                  {Keys(SigningKeys{Here: 1, Published: 3}), OK},
		"no keys":               {Keys(SigningKeys{}), Note},
		"keys not published":    {Keys(SigningKeys{Here: 1}), Note},
		"keys of others":        {Keys(SigningKeys{Err: bad}), Wrong},
		"no database":           {AddressDatabases(nil, now), Note},
		"a database":            {AddressDatabases([]Database{{Built: now}}, now), OK},
		"one old database":      {AddressDatabases([]Database{{Built: now}, {Built: old}}, now), Wrong},
		"one bad database":      {AddressDatabases([]Database{{Built: now}, {Err: bad}}, now), Wrong},
		"no ranges":             {Ranges(nil, now), Note},
		"ranges":                {Ranges(&Database{Built: now}, now), OK},
		"old ranges":            {Ranges(&Database{Built: old}, now), Wrong},
		"damaged ranges":        {Ranges(&Database{Err: bad}, now), Wrong},
		"no vantage":            {Vantages(nil, nil, now), Wrong},
		"one vantage":           {Vantages([]faultline.VantageStatus{ok}, nil, now), Note},
		"two vantages":          {Vantages([]faultline.VantageStatus{ok, other}, nil, now), OK},
		"one of three is blind": {Vantages([]faultline.VantageStatus{ok, other, blind}, nil, now), Wrong},
		"a silent one":          {Vantages([]faultline.VantageStatus{silent, other}, nil, now), Wrong},
		"one never came": {Vantages([]faultline.VantageStatus{ok, other},
			[]faultline.AddedVantage{{Vantage: "z"}}, now), Wrong},
		"writes":       {Writable(nil), OK},
		"no writes":    {Writable(bad), Wrong},
		"out of reach": {Unreachable(bad), Wrong},
		"may not read": {Unreadable("keys", bad), Wrong},
	} {
		if c.got.State != c.want || c.got.Found == "" || c.want == Wrong && c.got.Do == "" {
			t.Errorf("%s: %+v, want %s", name, c.got, c.want)
		}
	}
}

func TestReportsCountWhatIsWrong(t *testing.T) {
	for n, want := range []string{"Nothing is wrong.", "One thing is wrong.", "2 things are wrong."} {
		var checks []Check
		for range n {
			checks = append(checks, Check{"a", Wrong, "It is so.", "Do this."})
		}
		r := NewReport(append(checks, Check{"b", OK, "Well.", ""}))
		var text strings.Builder
		if err := r.WriteText(&text); err != nil || r.Wrong != n || !strings.HasSuffix(text.String(), want+"\n") ||
			strings.Count(text.String(), "-> Do this.") != n {
			t.Errorf("%d wrong, %v:\n%s", r.Wrong, err, text.String())
		}
	}
}

func TestTheArchiveIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		found Archive
		want  State
	}{
		"none":          {Archive{}, OK},
		"whole":         {Archive{Files: 3, Incidents: 300, Nodes: 2}, OK},
		"one copy":      {Archive{Files: 3, Nodes: 1}, Note},
		"elsewhere":     {Archive{Files: 3, Missing: 3, Nodes: 2}, Note},
		"one lacks":     {Archive{Files: 3, Missing: 1, Nodes: 2}, Wrong},
		"a wrong byte":  {Archive{Files: 3, Damaged: 1, Nodes: 2}, Wrong},
		"can't be read": {Archive{Err: errors.New("no answer")}, Unknown},
	} {
		if got := Archived(c.found); got.State != c.want || got.State != OK && got.State != Unknown && got.Do == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
