package find

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// MaxQuestion bounds what is read of a question, in bytes.
const MaxQuestion = 253

// filler are the words that people put around a name when they ask whether it works,
// in the languages of the pages. They are taken off both ends, the longest first.
var filler = regexp.MustCompile(`^(?:` +
	`was ist los (?:mit|bei) |was ist mit |est[áa] ca[ií]d[oa] |` + // before what begins like them
	`is there (?:an? )?(?:outage|problem) (?:at|with|of|on) |(?:is|are|was|why is|what happened to|what is wrong ` +
	`with|problems? with|outage of|status of|check|has|have|did|does|can'?t (?:access|reach|open|load)|` +
	`(?:is )?any(?:one|body) else having (?:problems|issues|trouble) with) (?:the )?|` +
	`ist |sind |warum geht |störung (?:bei |von )?|probleme (?:mit|bei) |` +
	`geht |funktioniert |läuft |` +
	`est-ce que |panne (?:de |d'|chez )?|problèmes? (?:avec |de )?|pourquoi |` +
	`está |esta |se cayó |se cayo |se ha ca[ií]do |funciona |` +
	`qué pasa con |que pasa con |caída de |caida de |problemas con |` +
	`ser[áa] que |caiu (?:[oa] )?|o que (?:houve|aconteceu) com (?:[oa] )?|` +
	`problemas? (?:com|n[oa]) (?:[oa] )?|queda d[oae] )|` +
	`(?: (?:is |gone |go |gerade |heute |wieder )?(?:down|offline|broken|out)` +
	`(?: (?:right )?now| today| again| for (?:everyone|anyone else|me)| or (?:is it )?just me)?|` +
	` having (?:problems|issues|trouble|an outage)(?: (?:right )?now| today)?|` +
	` (?:not working|not loading|outages?|status(?: page)?|server status|problems?|issues?|working|up)(?: (?:right ` +
	`)?now| today)?|` +
	` (?:gestört|störung|ausfall|ausgefallen|kaputt|offline|nicht erreichbar|geht nicht|nicht|probleme)` +
	`(?: heute| gerade| mehr)?|` +
	` (?:est )?(?:tombée?|en panne|hors service|indisponible|ne marche (?:pas|plus)|ne fonctionne (?:pas|plus))|` +
	` (?:está |esta |se ha )?(?:caído|caido|caída|caida|no funciona|fuera de servicio))$`)

// portuguese reads "o reddit está fora do ar". The article is taken off only where the rest is a
// sentence of that language: O Globo is a name.
var portuguese = regexp.MustCompile(`^(?:ser[áa] que )?(?:[oa] )?(.+?) (?:está |esta )?(?:fora do ar|caiu|` +
	`n[ãa]o (?:est[áa] )?funciona(?:ndo)?|com problemas?|indispon[íi]vel|inst[áa]vel)(?: hoje| agora)?$`)

// fillerRounds bounds how often filler is taken off: "why is x not working today".
const fillerRounds = 4

// apostrophes are the marks that keyboards of phones put where names have a plain one.
var apostrophes = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "´", "'", "`", "'")

// plain brings words to the form that names are compared in: NFKC, lower case,
// plain apostrophes, one space between words.
func plain(s string) string {
	if len(s) > MaxQuestion {
		s = strings.ToValidUTF8(s[:MaxQuestion], "")
	}
	s = strings.ToLower(norm.NFKC.String(apostrophes.Replace(s)))
	return strings.Join(strings.Fields(s), " ")
}

// bare also takes accents off, so that "telefonica" finds Telefónica.
func bare(s string) string {
	marks := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	out, _, err := transform.String(marks, s)
	if err != nil {
		return s
	}
	return out
}

// Question returns the name in a question, in the form that names are compared in:
// "Is Reddit down?" is reddit, "https://www.bbc.co.uk/news" is bbc.co.uk.
func Question(asked string) string {
	text := strings.Trim(plain(asked), " ?!.,;:\"'`»«“”„¿¡")
	if m := portuguese.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	for range fillerRounds {
		rest := strings.Trim(filler.ReplaceAllString(text, ""), " ?!.,¿¡")
		if rest == "" || rest == text {
			break
		}
		text = rest
	}
	if host := hostOf(text); host != "" {
		text = host
	}
	return bare(strings.TrimPrefix(text, "www."))
}

// hostOf returns the host of an address, empty where the text is none.
func hostOf(text string) string {
	if !strings.Contains(text, "://") {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
