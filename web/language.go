package web

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// sourceLanguage is the one that messages are written in first. What another
// lacks is said in it.
const sourceLanguage = "en"

// maxAccept bounds what of an Accept-Language header is read, in bytes.
const maxAccept = 256

// languages are the catalogues of messages: each file in words is a language.
type languages struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	tags    []string // the source first, then by tag
}

// catalogues are the languages that are built in, read once.
var catalogues = sync.OnceValues(readLanguages)

func readLanguages() (languages, error) {
	l := languages{bundle: i18n.NewBundle(language.English)}
	l.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	entries, err := files.ReadDir("words")
	if err != nil {
		return l, fmt.Errorf("web: read words: %w", err)
	}
	var known []language.Tag
	for _, e := range entries {
		name := path.Join("words", e.Name())
		file, err := l.bundle.LoadMessageFileFS(files, name)
		if err != nil {
			return l, fmt.Errorf("web: read %s: %w", name, err)
		}
		l.tags, known = append(l.tags, file.Tag.String()), append(known, file.Tag)
	}
	first := slices.Index(l.tags, sourceLanguage)
	if first < 0 {
		return l, fmt.Errorf("web: there is no words/%s.json", sourceLanguage)
	}
	// The matcher falls back to its first.
	l.tags[0], l.tags[first] = l.tags[first], l.tags[0]
	known[0], known[first] = known[first], known[0]
	l.matcher = language.NewMatcher(known)
	slices.Sort(l.tags[1:])
	return l, nil
}

// Languages are the tags of the languages that pages are written in: each file in words is
// one. English is the first.
func Languages() []string {
	l, err := catalogues()
	if err != nil { // the files are built in
		return []string{sourceLanguage}
	}
	return slices.Clone(l.tags)
}

// readLocalizers makes a localizer for each language, and a second one for readers who
// chose the language by ?lang=: the links that it writes carry the choice on.
func (w *Web) readLocalizers() error {
	l, err := catalogues()
	if err != nil {
		return err
	}
	w.languages, w.localizers = l, map[string]*localizer{}
	for _, tag := range l.tags {
		for _, query := range []string{"", "?lang=" + tag} {
			v := &localizer{Web: w, Lang: tag, Query: query, loc: i18n.NewLocalizer(l.bundle, tag, sourceLanguage)}
			if v.months = strings.Fields(v.say("date.months")); len(v.months) != 12 {
				return fmt.Errorf("web: words/%s.json: date.months has %d names", tag, len(v.months))
			}
			if v.tmpl, err = readTemplates(v); err != nil {
				return err
			}
			w.localizers[tag+query] = v
		}
	}
	return nil
}

// maxTag is what the tag of a language may measure, in bytes.
const maxTag = 35

// asked returns the localizer of a language that was named; nil where there is none.
// One of a country or a script is that of the language: de-AT is de.
func (w *Web) asked(tag string) *localizer {
	if v := w.localizers[tag+"?lang="+tag]; v != nil || tag == "" || len(tag) > maxTag {
		return v
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return nil
	}
	base, _ := parsed.Base()
	return w.localizers[base.String()+"?lang="+base.String()]
}

// localizerOf chooses the language of an answer: that of ?lang=, else the one that the browser
// prefers. Caches must keep one answer a language in the second case, hence Vary.
func (w *Web) localizerOf(c *gin.Context) *localizer {
	if v := w.asked(c.Query("lang")); v != nil {
		return v
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	return w.localizers[w.languages.preferred(c.GetHeader("Accept-Language"))]
}

// isLanguage reports whether an item of Accept-Language names a language that x/text knows, or
// every language. It refuses the whole header for one that it does not know.
func isLanguage(item string) bool {
	tag, _, _ := strings.Cut(item, ";")
	tag = strings.TrimSpace(tag)
	_, err := language.Parse(tag)
	return err == nil || tag == "*"
}

// preferred is the language that suits an Accept-Language header best (RFC 4647
// as x/text does it).
func (l languages) preferred(accept string) string {
	if len(accept) > maxAccept {
		accept = accept[:max(strings.LastIndexByte(accept[:maxAccept], ','), 0)]
	}
	wanted, _, err := language.ParseAcceptLanguage(strings.Join(slices.DeleteFunc(strings.Split(accept, ","),
		func(item string) bool { return !isLanguage(item) }), ","))
	if err != nil || len(wanted) == 0 {
		return sourceLanguage
	}
	tag, _, confidence := l.matcher.Match(wanted...)
	base, _ := tag.Base()
	if confidence == language.No || !slices.Contains(l.tags, base.String()) {
		return sourceLanguage
	}
	return base.String()
}
