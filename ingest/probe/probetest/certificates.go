package probetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// GoodAuthority signs the certificate of a site that names no other issuer.
const GoodAuthority = "Good Authority"

// authority issues the certificates of a world: one root, and an intermediate for each
// issuer that a site names. Certificates are made when a host is first asked for, and
// kept: a handshake must show the same one each time.
type authority struct {
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool

	mu     sync.Mutex
	serial int64
	mids   map[string]*intermediate
	leaves map[string]tls.Certificate
}

// intermediate is the certificate of an issuer, with its key.
type intermediate struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes a root of its own for each world, so that no test trusts
// another's.
func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{mids: map[string]*intermediate{}, leaves: map[string]tls.Certificate{}, key: newKey()}
	template := a.template("Test Root")
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	a.root = sign(template, template, a.key, a.key)
	a.roots = x509.NewCertPool()
	a.roots.AddCert(a.root)
	return a
}

// newKey makes a key on P-256, which takes microseconds.
func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // only when the machine has no randomness
	}
	return key
}

// template is what all certificates have in common: a serial number, a name, and two
// days of life around now.
func (a *authority) template(org string) *x509.Certificate {
	a.serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{Organization: []string{org}, CommonName: org},
		NotBefore: time.Now().
			Add(-48 * time.Hour),
		NotAfter: time.Now().Add(48 * time.Hour), BasicConstraintsValid: true,
	}
}

// sign makes a certificate of a template, for a key that the authority has.
func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	return signPublic(template, parent, &key.PublicKey, parentKey)
}

// signPublic makes a certificate of a template, for any public key.
func signPublic(template, parent *x509.Certificate, public any, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, parentKey)
	if err != nil {
		panic(err) // a template of ours that can't be signed is a mistake here
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// certificate is what a host shows, with the fault that its site asks for: expired, for
// another name, of an unknown root, or without its intermediate.
func (a *authority) certificate(host string, s Site) tls.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := s.Issuer
	if org == "" {
		org = GoodAuthority
	}
	id := fmt.Sprint(host, "|", org, "|", s.Bad, s.RSA)
	if c, ok := a.leaves[id]; ok {
		return c
	}
	mid := a.mids[org]
	if mid == nil {
		template := a.template(org)
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		key := newKey()
		mid = &intermediate{sign(template, a.root, key, a.key), key}
		a.mids[org] = mid
	}
	leaf := a.template(host)
	key, public := leafKey(s)
	leaf.DNSNames, leaf.ExtKeyUsage = []string{host}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	parent, parentKey := mid.cert, mid.key
	switch s.Bad {
	case "expiring":
		leaf.NotAfter = time.Now().Add(12 * time.Hour)
	case "incomplete":
		leaf.IssuingCertificateURL = []string{"http://" + issuerHost + "/" + url.PathEscape(org)}
	case "expired":
		leaf.NotAfter = time.Now().Add(-time.Hour)
	case "name":
		leaf.DNSNames = []string{"other.example"}
	case "chain":
		own := newKey()
		parent, parentKey, key, public = leaf, own, own, &own.PublicKey
	}
	c := tls.Certificate{Certificate: [][]byte{signPublic(leaf, parent, public, parentKey).Raw}, PrivateKey: key}
	if s.Bad != "chain" && s.Bad != "incomplete" && s.Bad != "unlinked" {
		c.Certificate = append(c.Certificate, mid.cert.Raw)
	}
	a.leaves[id] = c
	return c
}

// rsaKey is one for all: they take long to make.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // only when the machine has no randomness
	}
	return key
})

// leafKey is the key of a site's certificate.
func leafKey(s Site) (private, public any) {
	if s.RSA {
		return rsaKey(), &rsaKey().PublicKey
	}
	key := newKey()
	return key, &key.PublicKey
}

// issuerHost is where intermediate certificates can be had.
const issuerHost = "issuers.net"

// serveIssuer answers with the certificate of an issuer, for checks that complete a
// chain.
func (w *World) serveIssuer(rw http.ResponseWriter, r *http.Request) {
	w.certs.mu.Lock()
	defer w.certs.mu.Unlock()
	mid := w.certs.mids[strings.TrimPrefix(r.URL.Path, "/")]
	if mid == nil {
		http.NotFound(rw, r)
		return
	}
	_, _ = rw.Write(mid.cert.Raw) // who asked may be gone
}
