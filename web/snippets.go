package web

import (
	"fmt"
	"html"
	"net/url"
	"strings"

	"faultline"
)

// takePage fills in the ways to embed something. A fixed revision is the default where there
// is one: what is published must not change its meaning.
func (v *localizer) takePage(of taken, q url.Values, o widgetOptions) takePage {
	p := takePage{Of: of.path, MayFix: of.incident != nil, Theme: o.theme, In: v.Lang, Anywhere: v.base != nil,
		Height: faultline.WidgetHeight(narrowPhone, o.parts)}
	p.Fixed = p.MayFix && q.Get("fixed") != "0"
	// The widget's language is chosen apart from that of this page: an editor may read in
	// one and publish in another.
	if other := v.asked(q.Get("in")); other != nil {
		p.In = other.Lang
	}
	if o.zone != nil {
		p.Zone = o.zone.String()
	}
	for _, part := range widgetExtras {
		p.Parts = append(p.Parts, takePart{part, v.say("take.part_" + part), o.has(part)})
	}
	p.shell = v.shell("/developers", v.say("take.title"), v.say("take.lead"))
	p.Scripts = append(p.Scripts, v.assets.url("take.js"))
	p.Tags, p.Bookmark = strings.Join(v.languages.tags, "|"), v.bookmark()
	path := "/" + of.path
	if p.Fixed {
		path = incidentPath(of.incident.ID, of.revision)
	}
	// The preview is the widget itself, so that what is shown is what a reader will see.
	p.Preview = v.prefix + "/embed" + path + widgetQuery(p.In, p.Theme, p.Zone, o.parts, false)
	v.snippets(&p, of, path, o)
	return p
}

// The widths in pixels that the height of a frame is drawn through, and what a page leaves
// beside an article on a phone.
const (
	tiny        = 280
	narrowPhone = 320
	broad       = 600
	besides     = 32
)

// frameStyle makes a frame as wide as its article, and as high as it must be for its width:
// an article is about as wide as the screen until it is as broad as it gets. A page that
// strips styles has the height of the frame's attribute. It is a line through two widths for
// each stretch, in CSS, because a frame cannot grow with its content without a script on the
// other page.
func frameStyle(parts string) string {
	at := func(width int) float64 { return float64(faultline.WidgetHeight(width, parts)) }
	line := func(from, to int) string { // through two widths, by the width of the screen
		// Of a linear function through two points. 1vw is a hundredth of the screen's
		// width, hence the factor 100, and the screen is wider than the frame by besides.
		slope := (at(from) - at(to)) / float64(to-from)
		return fmt.Sprintf("%.0fpx - %.0fvw", at(from)+slope*float64(from+besides), 100*slope)
	}
	return fmt.Sprintf("border:0;width:100%%;max-width:%dpx;height:max(%.0fpx,%s,%s)", faultline.WidgetWidest,
		at(broad), line(narrowPhone, broad), line(tiny, narrowPhone))
}

// widgetQuery is the query of a widget with these options; what is not chosen is left out, so
// that snippets stay short. Commas stand as they are, since people read snippets.
func widgetQuery(lang, theme, zone, parts string, still bool) string {
	pairs := []string{"lang=" + lang}
	for _, kv := range [][2]string{{"theme", theme}, {"tz", zone}, {"parts", parts}} {
		if kv[1] != "" {
			pairs = append(pairs, kv[0]+"="+strings.ReplaceAll(url.QueryEscape(kv[1]), "%2C", ","))
		}
	}
	if still {
		pairs = append(pairs, "static=1")
	}
	return "?" + strings.Join(pairs, "&")
}

// snippets are the six ways: a card of plain HTML, a frame, an element with a script, a
// picture as PNG or SVG, and the address. They differ in what editors of newsrooms let
// through: some take no script, some no frame, some only text.
func (v *localizer) snippets(p *takePage, of taken, path string, o widgetOptions) {
	// What goes into the snippet is in the widget's language, what explains it in the
	// page's.
	words := v.asked(p.In).in(o.zone)
	page := v.absolute(path) + "?lang=" + p.In
	if of.path == "now" {
		page = v.absolute("/") + "?lang=" + p.In
	}
	widget := v.absolute("/embed"+path) + widgetQuery(p.In, p.Theme, p.Zone, o.parts, false)
	title := words.say("take.frame_title")
	frame := fmt.Sprintf(
		`<iframe src="%s" title="%s" width="100%%" height="%d" loading="lazy" sandbox="allow-scripts allow-popups `+
			`allow-popups-to-escape-sandbox" style="%s"></iframe>`,
		html.EscapeString(widget), html.EscapeString(title), p.Height, frameStyle(o.parts))
	picture, shape := v.pictureOf(of, path), "lang="+p.In
	p.Image = v.prefix + picture + ".png?" + shape
	whole := v.absolute(picture)
	// "%%%%" becomes "%%" here and "%" when the alternative text is put in.
	img := fmt.Sprintf(`<a href="%s"><img src="%s" alt="%s" width="%d" height="%d" `+
		`style="max-width:100%%%%;height:auto" loading="lazy"></a>`,
		html.EscapeString(page), html.EscapeString(whole+".png?"+shape), "%s", cardWidth, cardHeight)
	add := func(id, text string, links ...takeLink) {
		p.Snippets = append(p.Snippets, snippet{ID: "take-" + id, Title: v.say("take." + id),
			What: v.say("take." + id + "_what"), Text: text, Links: links})
	}
	if of.incident != nil {
		p.Card = words.plainCard(of, page)
		p.ImageAlt = lines(strings.TrimSpace(p.Card.Drill), words.dated(of.incident, p.Card.Title)+".", p.Card.Counts)
		add("card", p.Card.html())
	} else {
		p.ImageAlt = title
	}
	add("frame", frame)
	add("element", fmt.Sprintf("<faultline-incident>%s</faultline-incident>\n<script async src=\"%s\"></script>", frame,
		html.EscapeString(v.absolute("/embed.js"))))
	add("png", fmt.Sprintf(img, html.EscapeString(p.ImageAlt)), takeLink{p.Image, "PNG 1200×630"},
		takeLink{p.Image + "&size=square", "PNG 1080×1080"})
	svg := v.prefix + picture + ".svg?" + shape
	add("svg", strings.Replace(fmt.Sprintf(img, html.EscapeString(p.ImageAlt)), ".png?", ".svg?", 1),
		takeLink{svg, "SVG 1200×630"}, takeLink{svg + "&size=square", "SVG 1080×1080"})
	add("url", page)
}

// pictureOf is where the picture of what is taken lives, without its form. A
// picture is of one revision: it says of when it is.
func (v *localizer) pictureOf(of taken, path string) string {
	if of.incident != nil {
		path = incidentPath(of.incident.ID, of.revision)
	}
	return "/card" + path
}

// plainCard says an incident in sentences. It is of the revision, so its words and numbers
// stay true without being updated.
func (v *localizer) plainCard(of taken, page string) *plainCard {
	inc := of.incident
	head := v.headlineOf(inc, inc.UpdatedAt)
	k := &plainCard{Status: lines(head.Word+".", v.describeHead(head)), Title: head.Title, URL: page, Lang: v.Lang}
	k.Status = head.Word
	for _, s := range []string{head.Lasting, head.Scope} {
		if s != "" {
			k.Status += " · " + s
		}
	}
	k.Began = v.say("take.began", "Time", v.moment(inc.Onset.At, formDated).Text)
	var counts []string
	for _, t := range head.Counts {
		n := t.N
		if t.Of != "" {
			n = t.Whole
		}
		counts = append(counts, n+" "+t.What)
	}
	k.Counts = strings.Join(counts, "; ") + "."
	k.Unknown = v.notKnown(v.unknowns(inc))
	k.Source = v.say("take.source", "N", v.number(inc.Revision), "Time", v.moment(inc.UpdatedAt, formDated).Text)
	if inc.Drill || v.cfg.Drill {
		k.Drill = v.say("cite.drill")
	}
	return k
}

// html is the card as markup that loads nothing from anywhere: no script, no picture, no
// frame. Its style is in attributes; where an editor strips these it is a quotation like any
// other.
func (k *plainCard) html() string {
	e := html.EscapeString
	return fmt.Sprintf(
		`<blockquote cite="%s" lang="%s" style="margin:1.5em 0;padding:.2em 0 .2em 1em;border-left:4px solid #b3261e">
<p>%s%s</p>
<p><strong>%s</strong></p>
<p>%s %s</p>
<p>%s</p>
<footer>%s <a href="%s">%s</a></footer>
</blockquote>`,
		e(k.URL),
		e(k.Lang),
		e(k.Drill),
		e(k.Status),
		e(k.Title),
		e(k.Began),
		e(k.Counts),
		e(k.Unknown),
		e(k.Source),
		e(k.URL),
		e(trimScheme(k.URL)),
	)
}

// trimScheme is an address as people read it, without https://.
func trimScheme(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	return strings.TrimSuffix(rest, "?lang=en")
}
