package web

import "net/http"

// policy is the headers that a kind of answer carries. They replace what a
// router around us may have set.
type policy struct {
	csp      string
	referrer string
	open     bool // other origins may embed and read it
}

// What pages may ask a browser for: nothing.
const permissions = "accelerometer=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), " +
	"microphone=(), payment=(), usb=()"

// policies of the answers here.
type policies struct{ page, take, embed, static policy }

// newPolicies lets nothing in from anywhere but here, and nothing inline but the
// one style, by its hash.
func newPolicies(a assets) policies {
	content := func(s style) string {
		return "default-src 'none'; style-src " + s.source +
			"; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
	}
	closed := "default-src 'none'; frame-ancestors 'none'"
	return policies{
		// Pages tell their address to this server alone. Not no-referrer: browsers
		// then write "Origin: null" on our own form, and old ones say nothing else
		// of where it comes from.
		page: policy{
			csp:      content(a.page) + "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'",
			referrer: "same-origin",
		},
		// The page for newsrooms shows widgets in frames.
		take: policy{
			csp: content(
				a.page,
			) + "manifest-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'",
			referrer: "same-origin",
		},
		// Widgets are embedded in pages of others, sandboxed ones too: those read as a
		// foreign origin. They hold no forms, so that there is nothing to click-jack.
		embed: policy{csp: content(a.widget) + "form-action 'none'; frame-ancestors *", referrer: "no-referrer",
			open: true},
		// Pictures too: what is drawn needs no style.
		static: policy{csp: closed, referrer: "no-referrer", open: true},
	}
}

// set writes the headers of the policy. Pages allow nothing of others; widgets and data are open,
// because other pages embed them.
func (p policy) set(h http.Header) {
	h.Set("Content-Security-Policy", p.csp)
	h.Set("Referrer-Policy", p.referrer)
	h.Set("Permissions-Policy", permissions)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if p.open {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*")
	}
}
