package find

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"faultline"
)

func world() *Index {
	x := New()
	for i, s := range []struct {
		site, name string
		other      []string
	}{
		{"google.com", "Google", nil}, {"facebook.com", "Facebook", []string{"fb"}}, {"reddit.com", "Reddit", nil},
		{"aws.amazon.com", "AWS", []string{"aws"}}, {"amazon.com", "Amazon", nil},
		{"bbc.co.uk", "BBC", []string{"bbc news", "bbc's news"}},
		{"cloudflare.com", "Cloudflare", nil}, {"stackoverflow.com", "Stack Overflow", nil},
		{"api.stripe.com", "Stripe API", nil},
	} {
		x.Put(Thing{Site, s.site, s.name}, 10*(i+1), s.other...)
	}
	for _, p := range []faultline.Provider{
		{Slug: "aws", Name: "Amazon Web Services", Aliases: []string{"aws", "amazon aws"}, Networks: []uint32{16509}},
		{Slug: "cloudflare", Name: "Cloudflare", Networks: []uint32{13335}},
		{Slug: "rogers", Name: "Rogers", Networks: []uint32{812}, ISP: true},
		{Slug: "telefonica-germany", Name: "Telefónica Germany", Aliases: []string{"o2 germany"},
			Networks: []uint32{6805}, ISP: true},
	} {
		t, names := Of(p)
		x.Put(t, 1, names...)
	}
	for _, c := range []faultline.Component{"cloud:aws/us-east-1", "cloud:aws/eu-central-1", "dns:route53",
		"cdn:cloudflare"} {
		t, names := OfComponent(c)
		x.Put(t, 1, names...)
	}
	return x
}

// What people type leads to what they mean.
func TestFind(t *testing.T) {
	x := world()
	for asked, want := range map[string]string{
		"reddit":                           "site reddit.com",
		"is reddit down":                   "site reddit.com",
		"Is Reddit down right now?":        "site reddit.com",
		"reddit outage":                    "site reddit.com",
		"why is reddit not working today?": "site reddit.com",
		"ist reddit gestört?":              "site reddit.com",
		"reddit est en panne":              "site reddit.com",
		"reddit caído":                     "site reddit.com",
		"https://www.reddit.com/r/all?x=1": "site reddit.com",
		"facebok":                          "site facebook.com",
		"facebokk":                         "site facebook.com",
		"FB":                               "site facebook.com",
		"aws":                              "provider aws",
		"is aws down":                      "provider aws",
		"Amazon Web Services":              "provider aws",
		"us-east-1":                        "component cloud:aws/us-east-1",
		"AWS us-east-1":                    "component cloud:aws/us-east-1",
		"AS812":                            "provider rogers",
		"as 812":                           "provider rogers",
		"ASN 812":                          "provider rogers",
		"rogers outage":                    "provider rogers",
		"telefonica germany":               "provider telefonica-germany",
		"route53":                          "component dns:route53",
		"overflow":                         "site stackoverflow.com",
		"stripe api":                       "site api.stripe.com",
		"clodflare":                        "provider cloudflare",
		"cloud flare":                      "provider cloudflare",
		"face book":                        "site facebook.com",
		"stack-overflow":                   "site stackoverflow.com",
		"812":                              "provider rogers",
		"frankfurt":                        "component cloud:aws/eu-central-1",
		"aws northern virginia":            "component cloud:aws/us-east-1",
		"Virginia":                         "component cloud:aws/us-east-1",
		"bbc’s news":                       "site bbc.co.uk",
		"o reddit está fora do ar?":        "site reddit.com",
		"reddit caiu":                      "site reddit.com",
		"o reddit caiu?":                   "site reddit.com",
		"caiu o reddit?":                   "site reddit.com",
		"reddit não funciona":              "site reddit.com",
		"problemas com o reddit":           "site reddit.com",
		"aws s3":                           "provider aws",
		"Rogers Kabel":                     "provider rogers",
		"the reddit app":                   "site reddit.com",
	} {
		t.Run(asked, func(t *testing.T) {
			got := x.Find(asked, 5)
			if len(got) == 0 || fmt.Sprint(got[0].Kind, " ", got[0].ID) != want {
				t.Errorf("found %v, want %s first", got, want)
			}
		})
	}
}

// Where two things have one name, both are offered.
func TestFindOffersBoth(t *testing.T) {
	var kinds []string
	for _, m := range world().Find("cloudflare", 5) {
		if m.Exact {
			kinds = append(kinds, string(m.Kind)+" "+m.ID)
		}
	}
	want := []string{"provider cloudflare", "site cloudflare.com", "component cdn:cloudflare"}
	if !slices.Equal(kinds, want) {
		t.Errorf("named exactly: %v, want %v", kinds, want)
	}
}

// Words of which only some name a thing are a hint of it, never its name: who asks for
// a part of a thing is told what was found instead.
func TestFindByAPartOfTheQuestionIsNotExact(t *testing.T) {
	for _, asked := range []string{"aws s3", "rogers kabel", "my reddit app", "cloud flare"} {
		got := world().Find(asked, 5)
		if len(got) == 0 {
			t.Errorf("%q finds nothing", asked)
		}
		for _, m := range got {
			if m.Exact {
				t.Errorf("%q names %v to the letter", asked, m)
			}
		}
	}
	if got := world().Find("of the and on it", 5); len(got) > 0 {
		t.Errorf("words that name nothing find %v", got)
	}
}

func TestFindNothing(t *testing.T) {
	x := world()
	for _, asked := range []string{"", "   ", "?", "zzzzzz", "aw3", strings.Repeat("é", 10_000), "\x00\xff",
		"is down"} {
		for _, m := range x.Find(asked, 5) {
			if m.Exact {
				t.Errorf("%.20q names %v", asked, m)
			}
		}
	}
}

// The same question has the same answer whatever was put in first.
func TestFindDoesNotDependOnOrder(t *testing.T) {
	a, b := New(), New()
	for i := range 500 {
		j := 499 - i
		a.Put(Thing{Site, fmt.Sprintf("site%d.example", i), ""}, 0)
		b.Put(Thing{Site, fmt.Sprintf("site%d.example", j), ""}, 0)
	}
	if x, y := a.Find("site4", 20), b.Find("site4", 20); !slices.Equal(x, y) {
		t.Errorf("%v and %v", x, y)
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		a, b string
		most int
		want bool
	}{
		{"facebok", "facebook", 1, true}, {"facebokk", "facebook", 1, true}, {"fcaebook", "facebook", 1, true},
		{"fcaebok", "facebook", 1, false}, {"fcaebok", "facebook", 2, true}, {"aws", "aws", 0, true},
		{"aws", "awx", 0, false},
		{"", "ab", 1, false}, {"münchen", "munchen", 1, true},
	} {
		if got := within(c.a, c.b, c.most); got != c.want {
			t.Errorf("within(%q, %q, %d) is %v", c.a, c.b, c.most, got)
		}
	}
}

func FuzzQuestion(f *testing.F) {
	f.Add("is reddit down?")
	f.Fuzz(func(t *testing.T, asked string) {
		if once := Question(asked); len(once) > 4*MaxQuestion {
			t.Errorf("a question of %d bytes became %d", len(asked), len(once))
		}
	})
}

// However people ask whether something works, in the languages of the pages, the question
// is about its name.
func TestQuestionsAreReadInEveryLanguage(t *testing.T) {
	for _, asked := range []string{"is aws down", "Is AWS down right now?", "has aws gone down?", "did aws go down",
		"is aws having issues", "aws outage", "can't access aws", "is anyone else having problems with aws",
		"is aws down for anyone else", "ist aws down", "Ist AWS gerade down?", "geht aws nicht",
		"funktioniert aws nicht mehr", "aws störung", "Störung bei AWS", "Probleme mit AWS", "was ist los bei aws",
		"est-ce que AWS est en panne ?", "aws est tombé", "panne aws", "problèmes avec aws", "¿Está caído AWS?",
		"¿se ha caído aws?", "aws no funciona", "¿funciona AWS?", "aws está caído", "o AWS caiu?", "AWS fora do ar",
		"a aws está fora do ar?", "aws não funciona", "problemas na AWS", "queda da AWS",
		"o que aconteceu com a AWS?"} {
		if got := Question(asked); got != "aws" {
			t.Errorf("%q is read as %q", asked, got)
		}
	}
	for asked, want := range map[string]string{"didi": "didi", "hasbro": "hasbro", "geht": "geht",
		"down detector": "down detector", "funciona": "funciona", "has": "has"} {
		if got := Question(asked); got != want {
			t.Errorf("%q is read as %q, want %q", asked, got, want)
		}
	}
}
