package webhook

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"faultline"
	"faultline/board/page"
)

// The forms in which messages are written. Each but the generic one is the body that the
// service documents for its incoming webhooks.
const (
	FormatGeneric    = ""           // a [Message], signed
	FormatSlack      = "slack"      // docs.slack.dev, incoming webhooks
	FormatMattermost = "mattermost" // developers.mattermost.com, incoming webhooks
	FormatTeams      = "teams"      // learn.microsoft.com: Workflows, an Adaptive Card in a message
	FormatDiscord    = "discord"    // discord.com/developers, execute webhook
	FormatTelegram   = "telegram"   // core.telegram.org/bots/api, sendMessage
	FormatNtfy       = "ntfy"       // docs.ntfy.sh, publish as JSON
	FormatPagerDuty  = "pagerduty"  // developer.pagerduty.com, Events API v2
)

// Formats are all forms by name.
var Formats = []string{FormatSlack, FormatMattermost, FormatTeams, FormatDiscord, FormatTelegram, FormatNtfy,
	FormatPagerDuty}

// NeedsTarget reports whether a form needs more than an address: the chat of Telegram, the
// routing key of PagerDuty.
func NeedsTarget(format string) bool { return format == FormatTelegram || format == FormatPagerDuty }

// Bounds of what services take.
const (
	maxDiscord = 2_000 // characters
	maxSummary = 1_024 // characters, of PagerDuty
)

// stateWords say what an incident does, as the first word of a chat's message. They are
// words and not colours or signs, since a phone's lock screen shows text alone.
var stateWords = map[faultline.IncidentState]string{
	faultline.StateCandidate: "Suspected", faultline.StateConfirmed: "Failing",
	faultline.StateRecovering: "Recovering",
	faultline.StateResolved:   "Over", faultline.StateMerged: "Part of another incident",
	faultline.StateRetracted: "Withdrawn",
}

// spoken is a message as a person reads it.
type spoken struct {
	title, text, link string
	incident          *faultline.Incident // nil: a test
}

// speak says a message in words; base is put before paths. It is English: a chat has
// readers of many languages, and a webhook has no language.
func speak(m Message, base string) spoken {
	if m.Type == TypeChallenge {
		return spoken{title: "Confirm these messages",
			text: "Somebody asked for messages about outages here. Whoever it was confirms it with the code " +
				m.Challenge + ". Without it nothing more is sent.", link: base + "/developers"}
	}
	if m.Data == nil {
		return spoken{title: "Test", text: "This is a test message. Nothing is failing.", link: base + "/"}
	}
	inc := m.Data
	s := spoken{title: stateWords[inc.State] + ": " + inc.Title, link: base + "/incident/" + inc.ID, incident: inc}
	if inc.Drill {
		s.title = "DRILL. " + s.title
	}
	s.text = fmt.Sprintf("%d of %d sites observed are failing. Cause: not known.", inc.Impact.Failing,
		inc.Impact.Observed)
	if inc.Cause != nil {
		s.text = fmt.Sprintf("%d of %d sites observed are failing. Cause: %s (%.0f %%).", inc.Impact.Failing,
			inc.Impact.Observed, inc.Cause.Name, 100*inc.Cause.Confidence)
	}
	return s
}

// plain is all of it, one line below the other.
func (s spoken) plain() string { return s.title + "\n" + s.text + "\n" + s.link }

// inSlack escapes the three characters that Slack's texts give a meaning. Without it a
// title with <!channel> in it would call everybody in a channel.
var inSlack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// render writes a message in the form of a webhook. Discord is told to notify nobody by
// what a text contains (allowed_mentions).
func (w Hook) render(m Message, base string) ([]byte, error) {
	if w.Format == FormatGeneric {
		return page.Render(m)
	}
	s := speak(m, base)
	switch w.Format {
	case FormatSlack:
		return page.Render(map[string]any{"text": "*" + inSlack.Replace(s.title) + "*\n" + inSlack.Replace(s.text) +
			"\n<" + s.link + "|Evidence and sites>"})
	case FormatMattermost:
		return page.Render(map[string]any{"username": "Faultline",
			"text": "**" + s.title + "**\n" + s.text + "\n[Evidence and sites](" + s.link + ")"})
	case FormatDiscord:
		return page.Render(map[string]any{"username": "Faultline", "content": cut(s.plain(), maxDiscord),
			"allowed_mentions": map[string]any{"parse": []string{}}})
	case FormatTelegram:
		return page.Render(map[string]any{"chat_id": w.Target, "text": s.plain(),
			"link_preview_options": map[string]bool{"is_disabled": true}})
	case FormatTeams:
		return page.Render(teamsCard(s))
	case FormatNtfy:
		return page.Render(map[string]any{"topic": w.topic(), "title": s.title, "message": s.text, "click": s.link,
			"priority": map[bool]int{true: 4, false: 3}[s.severity() == "critical"], "tags": []string{"satellite"}})
	case FormatPagerDuty:
		return page.Render(w.pagerDuty(s, m))
	}
	return nil, fmt.Errorf("there is no format %q", w.Format)
}

// teamsCard is the body that an incoming webhook of Microsoft Teams takes (Adaptive Card
// 1.4).
func teamsCard(s spoken) map[string]any {
	block := func(text string, more map[string]any) map[string]any {
		b := map[string]any{"type": "TextBlock", "text": text, "wrap": true}
		for key, value := range more {
			b[key] = value
		}
		return b
	}
	card := map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
		"version": "1.4",
		"body":    []any{block(s.title, map[string]any{"weight": "bolder", "size": "medium"}), block(s.text, nil)},
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": "Evidence and sites", "url": s.link}}}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}}
}

// severity is one of PagerDuty's words. Only a confirmed outage may wake somebody.
func (s spoken) severity() string {
	switch {
	case s.incident == nil:
		return "info"
	case s.incident.State == faultline.StateConfirmed:
		return "critical"
	}
	return "warning"
}

// pagerDuty opens an alert and closes it again: an incident has one key for its life.
func (w Hook) pagerDuty(s spoken, m Message) map[string]any {
	action, key := "trigger", "faultline-test"
	if s.incident != nil {
		key = s.incident.ID
		if !s.incident.State.Open() {
			action = "resolve"
		}
	}
	payload := map[string]any{"summary": cut(s.title, maxSummary), "source": "faultline", "severity": s.severity(),
		"timestamp": m.Timestamp, "custom_details": map[string]any{"text": s.text}}
	if s.incident != nil && s.incident.Cause != nil {
		payload["component"], payload["class"] = s.incident.Cause.Component, s.incident.Cause.Kind
	}
	return map[string]any{"routing_key": w.Target, "event_action": action, "dedup_key": key, "payload": payload,
		"client": "Faultline", "client_url": s.link,
		"links": []map[string]string{{"href": s.link, "text": "Evidence and sites"}}}
}

// topic is the last part of ntfy's address; [Hook.address] is the rest of it.
func (w Hook) topic() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// address is where messages are posted. ntfy takes JSON at its root alone.
func (w Hook) address() string {
	u, err := url.Parse(w.URL)
	if err != nil || w.Format != FormatNtfy {
		return w.URL
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, w.topic()), ""
	return u.String()
}

// wantsEach reports whether every revision is a message: programs keep the newest, and people get a
// message when the state changes.
func (w Hook) wantsEach() bool { return w.Format == FormatGeneric }

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
