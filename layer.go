package faultline

// Layer is how far a probe got. Each layer includes those before it: who has an
// answer has a certificate, a connection and an address too.
type Layer uint8

// The layers, in the order that a check passes them.
const (
	LayerNone      Layer = iota // nothing is proven, not even that the name exists
	LayerResolved               // the name has an address
	LayerConnected              // something at that address takes connections
	LayerSecured                // the certificate is good and the handshake completes
	LayerAnswered               // an answer with an HTTP status has come
)

// Details of a probe whose symptom is timeout: the step that took too long.
const (
	DetailTimeoutDNS     = "dns"
	DetailTimeoutConnect = "connect"
	DetailTimeoutTLS     = "tls"
	DetailTimeoutHTTP    = "http"
)

// DetailReset is of a probe with symptom connect whose connection was made and
// then closed by the other side before there was an answer.
const DetailReset = "reset"

// DetailOrigin is of a probe that an edge answered with an error of the origin behind it.
const DetailOrigin = "origin"

// Reached returns the layer that a probe proves to work. Where the probe does
// not say it, the answer is the least that its symptom implies. A probe over
// plain HTTP that is answered counts as answered although it met no certificate.
func (p Probe) Reached() Layer {
	if p.Status != 0 || p.Symptom.HTTPStatus() != 0 {
		return LayerAnswered
	}
	switch p.Symptom {
	case SymptomOK, SymptomSlow:
		return LayerAnswered
	case SymptomContent: // an answer came that is no HTTP
		return LayerSecured
	case SymptomTLS:
		return LayerConnected
	case SymptomConnect:
		if p.Detail == DetailReset {
			return LayerConnected
		}
		return LayerResolved
	case SymptomTimeout:
		switch p.Detail {
		case DetailTimeoutConnect:
			return LayerResolved
		case DetailTimeoutTLS:
			return LayerConnected
		case DetailTimeoutHTTP:
			return LayerSecured
		}
	}
	return LayerNone
}
