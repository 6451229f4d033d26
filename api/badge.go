package api

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"unicode/utf8"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const mediaSVG = "image/svg+xml; charset=utf-8"

// badgeKeys are the query keys of badges.
var badgeKeys = []string{"of", "label"}

// maxLabel bounds the letters of a badge's label.
const maxLabel = 60

// ShieldsAnswer is what a badge of shields.io shows, by its endpoint schema, version 1.
type ShieldsAnswer struct {
	SchemaVersion int    `json:"schemaVersion"`
	Label         string `json:"label"`
	Message       string `json:"message"`
	Color         string `json:"color"`
	IsError       bool   `json:"isError"`
	CacheSeconds  int    `json:"cacheSeconds"`
}

// badgeColours by state. What is not known is grey, never green.
var badgeColours = map[board.StackState]string{board.StackFailing: "#b3261e", board.StackRecovering: "#8a5a00",
	board.StackSuspected: "#8a5a00", board.StackOK: "#1a7f37", board.StackUnknown: "#5f6368"}

// badgeOf is what a badge says: of one thing its state, of several how many fail.
func badgeOf(st board.Stack, label string) ShieldsAnswer {
	v := st.Verdict
	b := ShieldsAnswer{
		SchemaVersion: 1,
		Label:         label,
		Message:       string(v.State),
		Color:         badgeColours[v.State],
		CacheSeconds:  60,
		IsError:       v.State == board.StackFailing,
	}
	if v.Total == 1 {
		if b.Label == "" {
			b.Label = st.Things[0].Name
		}
		if v.State == board.StackOK {
			b.Message = "no known outage"
		}
		return b
	}
	if b.Label == "" {
		b.Label = "my stack"
	}
	switch v.State {
	case board.StackFailing:
		b.Message = fmt.Sprintf("%d of %d failing", v.Failing, v.Total)
	case board.StackRecovering:
		b.Message = fmt.Sprintf("%d of %d recovering", v.Recovering, v.Total)
	case board.StackSuspected:
		b.Message = fmt.Sprintf("%d of %d suspected", v.Suspected, v.Total)
	case board.StackUnknown:
		b.Message = fmt.Sprintf("%d of %d not observed", v.Unknown, v.Total)
	default:
		b.Message = "no known outage"
	}
	return b
}

// getBadge is a stack, or one thing, as a picture.
//
// @ID       getBadge
// @Summary  State of what you depend on, as a badge (SVG)
// @Description One line of text that loads nothing else. It is grey while nothing is observed.
// @Tags     stack
// @Produce  image/svg+xml
// @Param    of    query string true  "one name, or several separated by commas" example(cdn:fastly)
// @Param    label query string false "text on the left; the name by default" example(our CDN)
// @Success  200 {string} string "an SVG"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /badge.svg [get]
func (a *api) getBadge(c *gin.Context, query url.Values) error {
	return a.writeBadge(c, query, "badge.svg", func(b ShieldsAnswer) (*page.Page, error) {
		return page.File([]byte(badgeSVG(b)), mediaSVG).KeptFor(page.CacheBriefly), nil
	})
}

// getShields is the same for shields.io.
//
// @ID       getShieldsBadge
// @Summary  State of what you depend on, for badges of shields.io
// @Tags     stack
// @Produce  json
// @Param    of    query string true  "one name, or several separated by commas" example(cdn:fastly)
// @Param    label query string false "text on the left; the name by default" example(our CDN)
// @Success  200 {object} ShieldsAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /badge.json [get]
func (a *api) getShields(c *gin.Context, query url.Values) error {
	return a.writeBadge(c, query, "badge.json", func(b ShieldsAnswer) (*page.Page, error) { return page.New(b) })
}

func (a *api) writeBadge(
	c *gin.Context,
	query url.Values,
	form string,
	render func(ShieldsAnswer) (*page.Page, error),
) error {
	label := strings.Join(strings.Fields(strings.ToValidUTF8(query.Get("label"), "")), " ")
	if utf8.RuneCountInString(label) > maxLabel {
		return invalidParameter("label", fmt.Sprintf("must be of at most %d letters", maxLabel))
	}
	return a.writeStack(
		c,
		query,
		form+" "+label,
		func(_ *board.Snapshot, _ faultline.Filter, st board.Stack) (*page.Page, error) {
			return render(badgeOf(st, label))
		},
	)
}

// badgeSVG draws a badge. Widths are estimates: textLength keeps each text inside.
func badgeSVG(b ShieldsAnswer) string {
	const letter, pad = 6.6, 10
	left := int(letter*float64(utf8.RuneCountInString(b.Label))) + 2*pad
	right := int(letter*float64(utf8.RuneCountInString(b.Message))) + 2*pad
	said := html.EscapeString(b.Label + ": " + b.Message)
	text := func(at, width int, say string) string {
		return fmt.Sprintf(
			`<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`,
			at+pad,
			width-2*pad,
			html.EscapeString(say),
		)
	}
	return fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s"><title>%s</title>`+
			`<rect width="%d" height="20" rx="3" fill="#3c4043"/><rect x="%d" width="%d" height="20" rx="3" `+
			`fill="%s"/>`+
			`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">%s%s</g></svg>`+"\n",
		left+right,
		said,
		said,
		left+right,
		left,
		right,
		b.Color,
		text(0, left, b.Label),
		text(left, right, b.Message),
	)
}
