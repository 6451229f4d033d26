package web

import (
	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// offer puts a button on a page that asks for notifications about things, by their names with
// commas between them. Where this server sends none there is no button.
func (v *localizer) offer(s *shell, of string) {
	if !v.cfg.Notifies {
		return
	}
	s.Notify, s.Scripts = of, append(s.Scripts, v.assets.url("notify.js"))
}

// Notification says an incident to a reader whose device shows it by itself: what fails or
// works again, and a sentence about it. A language that is not known is English.
func (w *Web) Notification(lang string, inc *faultline.Incident) (title, text string) {
	v := w.asked(lang)
	if v == nil {
		v = w.asked(sourceLanguage)
	}
	name := v.subject(inc)
	if inc.Cause != nil {
		name = inc.Cause.Name
	}
	title = v.say("notify.title", "Name", name, "State", v.stateWord(inc.State))
	if inc.Drill {
		title = v.say("layout.drill") + ": " + title
	}
	return title, v.sentence(inc)
}

// worker answers with the script that shows notifications. It stands at the root, because a
// browser lets it act for pages below its own address alone.
func (w *Web) worker(c *gin.Context, _ *localizer) error {
	page.Write(c.Writer, c.Request, w.assets.byName["sw.js"].page, page.CacheElement)
	return nil
}
