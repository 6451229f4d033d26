package board

import "faultline"

// Firebreak is one of the most visited sites, with who serves it for each kind.
type Firebreak struct {
	Site string `json:"site"`
	Rank int    `json:"rank"`
	// Kinds has each kind of which a provider of the site is known.
	Kinds []FirebreakKind `json:"kinds"`
}

// FirebreakKind is who serves a site for one kind.
type FirebreakKind struct {
	Kind      string   `json:"kind"`
	Providers []string `json:"providers"` // by name
	Second    bool     `json:"second"`    // there is a second provider, so that not all depends on one
}

// Firebreaks says of the most visited sites of a part of the index who serves them, and
// where there is a second provider. Sites without any known provider are among them.
func Firebreaks(x *Index, providers *faultline.Providers, part Part, most int) []Firebreak {
	out := []Firebreak{}
	for _, site := range x.Sites() {
		if len(out) == most {
			break
		}
		if !part.takes(x.About(site)) {
			continue
		}
		r := x.Record(site)
		one := Firebreak{Site: site, Rank: r.Rank, Kinds: []FirebreakKind{}}
		out = append(out, one.served(servedBy(r, providers)))
	}
	return out
}

// served is the site with who serves it.
func (f Firebreak) served(by map[string][]holder) Firebreak {
	for _, kind := range concentrated {
		who := by[kind]
		if len(who) == 0 {
			continue
		}
		k := FirebreakKind{Kind: kind, Second: len(who) > 1}
		for _, h := range who {
			k.Providers = append(k.Providers, h.provider)
		}
		f.Kinds = append(f.Kinds, k)
	}
	return f
}
