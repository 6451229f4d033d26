package probe

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"
)

// Bounds of what is fetched to complete chains. A certificate that could not be had is
// asked for again sooner than one that could.
const (
	maxIssuers   = 3         // that one chain may lack
	maxFetched   = 1 << 12   // that are kept
	fetchedLife  = time.Hour // for a certificate, and
	missingLife  = 10 * time.Minute
	fetchTimeout = 3 * time.Second
)

// fetched is what an address had until then; cert nil: nothing of use.
type fetched struct {
	cert  *x509.Certificate
	until time.Time
}

// complete fetches the certificates that a server should have sent, from where
// the ones that it did send say (RFC 5280 section 4.2.2.1), as browsers do. It
// returns the error that it was given when that is of no use.
func (v *verifier) complete(
	ctx context.Context,
	sent []*x509.Certificate,
	opts x509.VerifyOptions,
	unknown error,
) ([][]*x509.Certificate, error) {
	top := topOf(sent)
	for range maxIssuers {
		next := v.issuerOf(ctx, top, opts.CurrentTime)
		if next == nil {
			return nil, unknown
		}
		opts.Intermediates.AddCert(next)
		if chains, err := sent[0].Verify(opts); err == nil {
			return chains, nil
		}
		top = next
	}
	return nil, unknown
}

// topOf follows a chain from the leaf as far as it was sent, in whatever order. A
// certificate that signs itself ends it.
func topOf(sent []*x509.Certificate) *x509.Certificate {
	top := sent[0]
	for range sent {
		for _, c := range sent[1:] {
			if c != top && string(c.RawSubject) == string(top.RawIssuer) &&
				string(c.RawSubject) != string(c.RawIssuer) {
				top = c
				break
			}
		}
	}
	return top
}

// issuerOf returns the certificate that signed c, fetched from the address in c; nil
// where there is none to be had. It is kept for an hour, since thousands of sites lack
// the same one.
func (v *verifier) issuerOf(ctx context.Context, c *x509.Certificate, now time.Time) *x509.Certificate {
	if v.fetch == nil || len(c.IssuingCertificateURL) == 0 {
		return nil
	}
	url := c.IssuingCertificateURL[0]
	v.mu.Lock()
	have, ok := v.issuers[url]
	v.mu.Unlock()
	if ok && now.Before(have.until) {
		return have.cert
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	have = fetched{parseCertificate(v.fetch(ctx, url)), now.Add(fetchedLife)}
	if have.cert == nil {
		have.until = now.Add(missingLife)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.issuers) >= maxFetched {
		clear(v.issuers)
	}
	v.issuers[url] = have
	return have.cert
}

// parseCertificate reads DER, as it should be, or PEM.
func parseCertificate(raw []byte) *x509.Certificate {
	if block, _ := pem.Decode(raw); block != nil {
		raw = block.Bytes
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil
	}
	return c
}

// fetchIssuer gets what a certificate's address has, by HTTP without TLS: over TLS the
// certificate of that server could need completing in turn. The guard decides about the
// address as about every other.
func (c *Checker) fetchIssuer(ctx context.Context, url string) []byte {
	to, leads := resolveLocation(place{}, url)
	if leads != leadsOn || to.secure { // over TLS it could need itself
		return nil
	}
	l := c.newCheckRun(Task{Site: to.host})
	defer l.buf.free()
	a, err := l.askOnce(ctx, to)
	if err != nil || a.status != 200 || a.short {
		return nil
	}
	return append([]byte(nil), a.body...)
}
