package correlate

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shapes is the shape of what a checkpoint of each version holds, as shapeOf has it. An
// entry never changes: another shape is another version. The nouns of package faultline
// are left out: they are published, not computed with.
var shapes = map[int]string{
	5:  "14afc4c58fa70736",
	6:  "3cab46c571a8b527",
	7:  "007bc587d9a16ae1",
	8:  "613916d9a53081ab",
	9:  "3d2652fc719eb01d",
	10: "08740e73f1701719",
	11: "4a38d32aaa06b4d7",
}

// unqualified takes the package off the name of a type: where it stands is no matter.
var unqualified = regexp.MustCompile(`[a-z]+\.`)

// notedAs are the names that types had when the shapes were noted. Rows of sites are written
// field by field, without the names of their types.
var notedAs = map[string]string{"Track": "track", "Result": "result", "Crowd": "crowd", "Rate": "rate",
	"Report": "userReport"}

var typeName = regexp.MustCompile(`[A-Za-z]\w*`)

func noted(name string) string { return cmp.Or(notedAs[name], name) }

// A checkpoint that was written in another shape must not be read as if it were of this
// one: a field that it lacks would be taken for zero.
func TestAnotherShapeOfACheckpointIsAnotherVersion(t *testing.T) {
	var b strings.Builder
	seen := map[reflect.Type]bool{}
	for _, of := range []reflect.Type{
		reflect.TypeFor[saved](), reflect.TypeFor[incident](), reflect.TypeFor[site](), reflect.TypeFor[network](),
		reflect.TypeFor[component](), reflect.TypeFor[remembered](),
	} {
		describe(&b, of, seen)
	}
	h := fnv.New64a()
	h.Write([]byte(b.String()))
	if now := fmt.Sprintf("%016x", h.Sum64()); shapes[CheckpointVersion] != now {
		t.Errorf("what a checkpoint of version %d holds has the shape %s, and had %q: raise CheckpointVersion if a "+
			"field is new, gone or means something else, and note the shape here\n%s",
			CheckpointVersion, now, shapes[CheckpointVersion], b.String())
	}
}

// describe writes the fields of a type that a checkpoint holds, by name and type.
func describe(b *strings.Builder, of reflect.Type, seen map[reflect.Type]bool) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map}, of.Kind()) {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || seen[of] || !strings.Contains(of.PkgPath(), "correlate") {
		return
	}
	seen[of] = true
	fmt.Fprintf(b, "%s:", noted(of.Name()))
	for i := range of.NumField() {
		if f := of.Field(i); f.IsExported() {
			kind := unqualified.ReplaceAllString(f.Type.String(), "")
			fmt.Fprintf(b, " %s %s;", f.Name, typeName.ReplaceAllStringFunc(kind, noted))
		}
	}
	b.WriteString("\n")
	for i := range of.NumField() {
		if f := of.Field(i); f.IsExported() {
			describe(b, f.Type, seen)
		}
	}
}
