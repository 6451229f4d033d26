package infra

import (
	"fmt"
	"strings"
)

// suffixTable finds rules by the end of a host name, label by label from the
// right. Where the name ends decides, never its registrable domain: the zones of
// CDNs are public suffixes, and one provider's zone lies within another's.
//
// A label of a rule may hold one {}, which stands for one or more characters and is
// what a component's name takes from the host (a region), or one *, which stands for
// any number of them. Nothing else is needed to read a CNAME or a name server: the
// table has some thousand suffixes, and a host is compared with a handful of nodes.
type suffixTable struct{ root suffixNode }

// suffixNode is a node of a tree of labels, from the right: "net", then "fastly".
type suffixNode struct {
	labels map[string]*suffixNode
	globs  []suffixGlob
	rules  []suffixRule
}

// suffixGlob is a label with a hole in it.
type suffixGlob struct {
	before, after string
	capture       bool
	node          *suffixNode
}

// suffixRule is what a suffix stands for.
type suffixRule struct {
	entry  *Signature
	suffix string
}

// suffixHit is a rule that a host name ends in.
type suffixHit struct {
	suffixRule
	depth   int    // labels
	capture string // what {} stood for
}

// add enters one suffix of a signature.
func (t *suffixTable) add(suffix string, entry *Signature) error {
	node := &t.root
	labels := strings.Split(suffix, ".")
	for i := len(labels) - 1; i >= 0; i-- {
		next, err := node.child(labels[i])
		if err != nil {
			return fmt.Errorf("suffix %q: %w", suffix, err)
		}
		node = next
	}
	for _, r := range node.rules {
		if r.entry.Component.Kind() == entry.Component.Kind() {
			return fmt.Errorf("suffix %q stands for %s already", suffix, r.entry.Component)
		}
	}
	node.rules = append(node.rules, suffixRule{entry: entry, suffix: suffix})
	return nil
}

// child is the node below for a label, which is made if it is missing. A label with {}
// or * is a glob, which may match many labels and is tried after the exact ones.
func (n *suffixNode) child(label string) (*suffixNode, error) {
	hole := strings.Index(label, "{}")
	width := 2
	if hole < 0 {
		hole, width = strings.IndexByte(label, '*'), 1
	}
	if hole < 0 {
		if n.labels == nil {
			n.labels = map[string]*suffixNode{}
		}
		if n.labels[label] == nil {
			n.labels[label] = &suffixNode{}
		}
		return n.labels[label], nil
	}
	g := suffixGlob{before: label[:hole], after: label[hole+width:], capture: width == 2}
	if strings.ContainsAny(g.before+g.after, "*{}") {
		return nil, fmt.Errorf("label %q has more than one hole", label)
	}
	for _, have := range n.globs {
		if have.before == g.before && have.after == g.after && have.capture == g.capture {
			return have.node, nil
		}
	}
	g.node = &suffixNode{}
	n.globs = append(n.globs, g)
	return g.node, nil
}

// find returns, for each kind of component, the rule with the most labels that a
// host ends in. Among equals the one without holes wins.
func (t *suffixTable) find(host string) []suffixHit {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	var hits []suffixHit
	t.root.walk(host, 0, "", &hits)
	return hits
}

// walk goes down by the labels of a name from the right, and collects every suffix that it passes.
// For each kind of component the longest one is kept.
func (n *suffixNode) walk(rest string, depth int, capture string, hits *[]suffixHit) {
	for _, r := range n.rules {
		keepDeepest(hits, suffixHit{suffixRule: r, depth: depth, capture: capture})
	}
	if rest == "" {
		return
	}
	label, before := rest, ""
	if dot := strings.LastIndexByte(rest, '.'); dot >= 0 {
		label, before = rest[dot+1:], rest[:dot]
	}
	if next := n.labels[label]; next != nil {
		next.walk(before, depth+1, capture, hits)
	}
	for _, g := range n.globs {
		if len(label) < len(g.before)+len(g.after) || !strings.HasPrefix(label, g.before) ||
			!strings.HasSuffix(label, g.after) {
			continue
		}
		hole := label[len(g.before) : len(label)-len(g.after)]
		if g.capture && hole == "" {
			continue
		}
		taken := capture
		if g.capture {
			taken = hole
		}
		g.node.walk(before, depth+1, taken, hits)
	}
}

// keepDeepest adds a hit unless there is a deeper or equal one of its kind that
// its signature can use.
func keepDeepest(hits *[]suffixHit, hit suffixHit) {
	if !hit.entry.takes(hit.capture) {
		return
	}
	kind := hit.entry.Component.Kind()
	for i, have := range *hits {
		if have.entry.Component.Kind() == kind {
			if hit.depth > have.depth {
				(*hits)[i] = hit
			}
			return
		}
	}
	*hits = append(*hits, hit)
}
