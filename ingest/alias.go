package ingest

import (
	"strings"
)

// Alias makes another name lead to a known site: a word that people type (fb), or
// a host of the same service (twitter.com). Case and repeated spaces do not count.
// A name that is a site itself, or leads to one already, keeps its meaning, and so
// does one beyond the bound of names; that is reported as false.
func (n *Names) Alias(name, site string) bool {
	name = fold(name)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known[name] != "" || n.known[site] == "" || n.aliases[name] != "" || name == "" || len(n.aliases) >= maxNames {
		return false
	}
	if n.aliases == nil {
		n.aliases = map[string]string{}
	}
	n.aliases[strings.Clone(name)] = n.known[site]
	return true
}

// alias returns the site that another name leads to.
func (n *Names) alias(name string) (string, bool) {
	if len(name) > maxHost {
		return "", false
	}
	name = fold(name)
	n.mu.RLock()
	defer n.mu.RUnlock()
	site, ok := n.aliases[name]
	return site, ok
}

// fold is a name as it is compared: in lower case, with single spaces.
func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
