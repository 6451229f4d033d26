package probe

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"time"
)

// What is wrong with a certificate or a handshake, as the detail of a probe with
// symptom tls.
const (
	tlsExpired   = "expired"   // or not valid yet
	tlsName      = "name"      // for another name
	tlsChain     = "chain"     // nobody that we trust vouches for it
	tlsProtocol  = "protocol"  // no version or cipher in common
	tlsHandshake = "handshake" // anything else
)

const (
	// verifiedLife is how long a chain that was verified is taken to be so: byte
	// for byte the same one, for the same name, within its dates. Nothing else that
	// a verification looks at changes sooner. The handshake itself is never
	// resumed, so that the server proves each time that it has the key, and a new
	// certificate is seen at once.
	verifiedLife = time.Hour
	maxVerified  = 1 << 17
)

// verifier checks certificates as a browser would, but for revocation. One serves all
// checks of a vantage, so that a chain which many sites share is verified once an hour.
type verifier struct {
	roots *x509.CertPool // nil: the system's
	now   func() time.Time
	fetch func(ctx context.Context, url string) []byte // nil for what can't be had

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time // until when a chain for a name is good
	// issuers are intermediate certificates that were fetched, by their address.
	issuers map[string]fetched
}

// newVerifier makes a verifier that trusts roots; nil means the system's.
func newVerifier(roots *x509.CertPool, now func() time.Time) *verifier {
	return &verifier{roots: roots, now: now, known: make(map[[sha256.Size]byte]time.Time),
		issuers: make(map[string]fetched)}
}

// verify is a [tls.Config]'s VerifyConnection. The key of what it remembers is the name
// with all certificates that were sent, so another chain, or the same for another name,
// is verified again.
func (v *verifier) verify(ctx context.Context, cs tls.ConnectionState) error {
	now := v.now()
	sum := sha256.New()
	sum.Write([]byte(cs.ServerName))
	for _, c := range cs.PeerCertificates {
		sum.Write([]byte{0})
		sum.Write(c.Raw)
	}
	key := [sha256.Size]byte(sum.Sum(nil))
	if v.isKnown(key, now) {
		return nil
	}
	opts := x509.VerifyOptions{
		DNSName:       cs.ServerName,
		Roots:         v.roots,
		CurrentTime:   now,
		Intermediates: x509.NewCertPool(),
	}
	for _, c := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	chains, err := cs.PeerCertificates[0].Verify(opts)
	if errors.As(err, new(x509.UnknownAuthorityError)) {
		chains, err = v.complete(ctx, cs.PeerCertificates, opts, err)
	}
	if err != nil {
		return err
	}
	v.remember(key, now, chains)
	return nil
}

// isKnown reports whether a chain was verified before and is still good. Verifying costs more than
// all else of a check, and most sites show the same chain each time.
func (v *verifier) isKnown(key [sha256.Size]byte, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now.Before(v.known[key])
}

// remember keeps a chain until the first of its certificates ends, if that is sooner than it would
// be checked again.
func (v *verifier) remember(key [sha256.Size]byte, now time.Time, chains [][]*x509.Certificate) {
	var until time.Time
	for _, chain := range chains { // one that holds is enough
		end := now.Add(verifiedLife)
		for _, c := range chain {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(until) {
			until = end
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxVerified {
		clear(v.known)
	}
	v.known[key] = until
}

// certificateDetail says in a word what is wrong with a certificate, by the most exact
// error that x509 gives; empty when the handshake failed for another reason.
func certificateDetail(err error) string {
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return tlsExpired
	case errors.As(err, &name):
		return tlsName
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return tlsChain
	}
	return ""
}

// certificate is what an observation carries of one: who signed it, and when it ends.
type certificate struct {
	issuer string
	ends   time.Time
}

// describe keeps of a certificate what is compared and published.
func describe(c *x509.Certificate) certificate { return certificate{issuer(c), c.NotAfter} }

// issuer names who signed a certificate.
func issuer(c *x509.Certificate) string {
	if len(c.Issuer.Organization) > 0 {
		return c.Issuer.Organization[0]
	}
	return c.Issuer.CommonName
}
