package web

import "net/http"

// policy is the headers that a kind of answer carries. They replace what a
// router around us may have set.
type policy struct {
	csp      string
	referrer string
	open     bool // other origins may embed and read it
}

const (
	// Nothing from anywhere but here, nothing inline.
	cspContent = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
	// What pages may ask a browser for: nothing.
	permissions = "accelerometer=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
)

var (
	// Pages tell their address to this server alone. Not no-referrer: browsers
	// then write "Origin: null" on our own form, and old ones say nothing else of
	// where it comes from.
	pagePolicy = policy{csp: cspContent + "form-action 'self'; frame-ancestors 'none'", referrer: "same-origin"}
	// Widgets stand on pages of others, sandboxed ones too: those read as a
	// foreign origin. They hold no forms, so that there is nothing to click-jack.
	embedPolicy  = policy{csp: cspContent + "form-action 'none'; frame-ancestors *", referrer: "no-referrer", open: true}
	staticPolicy = policy{csp: "default-src 'none'; frame-ancestors 'none'", referrer: "no-referrer", open: true}
)

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
