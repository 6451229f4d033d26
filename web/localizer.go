package web

import (
	"html/template"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// localizer writes pages in one language: it holds the messages of that language, its month
// names, and the templates bound to both. What turns incidents and sites into a page is a
// method of it, so that no page can be written without a language. There is one for each
// language, and a second one whose links keep the reader's own choice; see readLocalizers.
// It is shared by all requests and never changes.
type localizer struct {
	*Web
	Lang   string // BCP 47
	Query  string // what links carry: empty, or ?lang= where the reader chose
	loc    *i18n.Localizer
	months []string
	zone   *time.Location // times are given in it beside UTC; nil: the reader's script does that
	tmpl   *templates
}

// link is where a page of ours lives, as this reader reaches it.
func (v *localizer) link(path string) string { return v.prefix + path + v.Query }

// whole is a page's address as it stands in links that leave this server; where
// the server does not know its own address it stays a path.
func (v *localizer) whole(path string) string { return v.absolute(path) + v.Query }

// say returns a message; kv are the names and values of its placeholders.
func (v *localizer) say(id string, kv ...any) string {
	return v.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: values(kv)})
}

// count returns a message about n things, in the form that the language has for
// that many. N is the number as people write it.
func (v *localizer) count(id string, n int, kv ...any) string {
	data := values(kv)
	data["N"] = v.number(n)
	return v.localize(&i18n.LocalizeConfig{MessageID: id, PluralCount: n, TemplateData: data})
}

// localize falls back to English, and to nothing where no message has the id: a
// vocabulary that has grown must not break a page.
func (v *localizer) localize(c *i18n.LocalizeConfig) string {
	said, _ := v.loc.Localize(c)
	return said
}

func values(kv []any) map[string]any {
	data := make(map[string]any, len(kv)/2+1)
	for i := 0; i+1 < len(kv); i += 2 {
		data[kv[i].(string)] = kv[i+1]
	}
	return data
}

// rich is say with markup among its values: what is [template.HTML] stands as it
// is, everything else is escaped.
func (v *localizer) rich(id string, kv ...any) template.HTML {
	marked, replace := make([]any, len(kv)), make([]string, 0, len(kv))
	for i := 0; i+1 < len(kv); i += 2 {
		// Private characters stand for the values, so that neither what is in
		// them nor the message is read twice.
		mark := string(rune(0xE000 + i))
		marked[i], marked[i+1] = kv[i], mark
		replace = append(replace, mark, markup(kv[i+1]))
	}
	said := template.HTMLEscapeString(v.say(id, marked...))
	//nolint:gosec // every value in it is escaped
	return template.HTML(strings.NewReplacer(replace...).Replace(said))
}

func markup(value any) string {
	switch m := value.(type) {
	case template.HTML:
		return string(m)
	case *moment:
		return string(stamp(*m))
	case moment:
		return string(stamp(m))
	}
	return template.HTMLEscaper(value)
}

// lines joins sentences, leaving out empty ones.
func lines(sentences ...string) string {
	var said []string
	for _, s := range sentences {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, " ")
}
