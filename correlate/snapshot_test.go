package correlate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// A snapshot is of the moment at which it began, whatever is folded until its last
// piece is asked for: events between evaluations, and evaluations too.
func TestSnapshotIsOfItsBeginning(t *testing.T) {
	t.Parallel()
	evs := busy().events()
	e := New(Config{})
	for i := 0; i < len(evs); {
		want := e.Checkpoint()
		next := e.Snapshot()
		got := next()
		for range 37 { // some pieces now, the others after events of every kind
			if i < len(evs) {
				e.Fold(evs[i])
				i++
			}
		}
		if i%3 == 0 {
			e.Fold(faultline.SiteRecord{Site: "s004.example",
				Components: []faultline.Component{"cdn:x", faultline.Component(fmt.Sprint("dns:", i))}})
			e.Fold(faultline.Probe{At: e.Clock(), Site: fmt.Sprint("new", i, ".example"), Vantage: "elsewhere",
				Symptom: "dns"})
		}
		for piece := range pieces(next) {
			got = append(got, piece...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("after %d events the snapshot is of another moment than its first", i)
		}
		for range 1500 {
			if i < len(evs) {
				e.Fold(evs[i])
				i++
			}
		}
	}
}

// What is written of a large table comes in pieces, and is the same in the end.
func TestSnapshotComesInPieces(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for i := range 20_000 {
		e.Fold(faultline.SiteRecord{Site: fmt.Sprintf("s%05d.example", i), Rank: i,
			Components: []faultline.Component{"cdn:x", faultline.Component(fmt.Sprint("asn:AS", i%500))}})
		e.Fold(faultline.Report{At: after(60), Site: fmt.Sprintf("s%05d.example", i), Reporter: fmt.Sprint(i),
			ASN: 1 + uint32(i%300)})
	}
	want := e.Checkpoint()
	next := e.Snapshot()
	var all []byte
	n := 0
	for piece := range pieces(next) {
		if len(piece) > 2*pieceBytes {
			t.Errorf("a piece of %d bytes", len(piece))
		}
		all = append(all, piece...)
		// The first site and the last change, again and again.
		e.Fold(faultline.SiteRecord{Site: "s00000.example", Rank: n})
		e.Fold(faultline.Report{At: after(60), Site: "s19999.example", Reporter: fmt.Sprint("other", n)})
		n++
	}
	if n < 4 || !bytes.Equal(all, want) {
		t.Errorf("%d pieces, the same: %v", n, bytes.Equal(all, want))
	}
	if e.snap != nil {
		t.Error("it goes on for ever")
	}
}

// A row that is read is the row that was written, to its last field: one that the
// functions in rows.go do not know is missed here.
func TestRowsAreWrittenWhole(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	s, c, n := &site{}, &component{}, &network{}
	fill(rng, reflect.ValueOf(s).Elem())
	fill(rng, reflect.ValueOf(c).Elem())
	fill(rng, reflect.ValueOf(n).Elem())
	// follow from the sites and from the name
	c.Members, c.kind = nil, nil
	// follows from L
	s.Crowd.Recall()
	// any order is written
	slices.SortFunc(s.Crowd.Recent, func(a, b evidence.Report) int { return int(a.Network) - int(b.Network) })
	b := appendNetwork(appendComponent(appendSite(nil, s), c), n)
	r := &reading{rest: b}
	s2, c2, n2 := r.site(), r.component(), r.network()
	if r.err != nil || len(r.rest) != 0 {
		t.Fatalf("%v, %d bytes are left", r.err, len(r.rest))
	}
	for _, pair := range [][2]any{{s, &s2}, {c, &c2}, {n, &n2}} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%+v\nwas written, and read: %+v", pair[0], pair[1])
		}
	}
	for cut := range b {
		r := &reading{rest: b[:cut]}
		r.site()
		r.component()
		if r.network(); r.err == nil {
			t.Fatalf("the first %d of %d bytes are read without complaint", cut, len(b))
		}
	}
}

// fill sets every exported field to something else than zero.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(rng, v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rng, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.String:
		v.SetString(fmt.Sprint("text", rng.Uint32()))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(rng.NormFloat64())
	case reflect.Int32, reflect.Int64:
		v.SetInt(1 + rng.Int64N(1<<30))
	default:
		v.SetUint(1 + uint64(rng.Uint32N(1<<7)))
	}
}

// What one person said counts once in ten minutes, however many others speak.
func TestRepeatsAreFoundAmongMany(t *testing.T) {
	t.Parallel()
	r, rng := newRepeats(), rand.New(rand.NewPCG(3, 4))
	known := map[uint64]int64{}
	now := after(60).UnixMilli()
	for range 200_000 {
		now += 10
		r.rotate(now)
		key := rng.Uint64N(50_000) * 0x9e3779b97f4a7c15
		last, ok := known[key]
		want := fresh
		if ok && now-last < repeatSpan {
			want = repeated
		} else {
			known[key] = now
		}
		if got := r.seen(key, now); got != want {
			t.Fatalf("%v after it was counted: %d, want %d", time.Duration(now-last)*time.Millisecond, got, want)
		}
	}
}
