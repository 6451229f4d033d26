package probetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"
)

// GoodAuthority signs the certificate of a site that names no other issuer.
const GoodAuthority = "Good Authority"

// authority issues the certificates of a world: one root, and an intermediate
// for each issuer that a site names.
type authority struct {
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool

	mu     sync.Mutex
	serial int64
	mids   map[string]*intermediate
	leaves map[string]tls.Certificate
}

type intermediate struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

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

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // only when the machine has no randomness
	}
	return key
}

func (a *authority) template(org string) *x509.Certificate {
	a.serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{Organization: []string{org}, CommonName: org},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), BasicConstraintsValid: true,
	}
}

func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		panic(err) // a template of ours that can't be signed is a mistake here
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// certificate is what a host shows, with the fault that its site asks for.
func (a *authority) certificate(host string, s Site) tls.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := s.Issuer
	if org == "" {
		org = GoodAuthority
	}
	id := host + "|" + org + "|" + s.Bad
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
	leaf.DNSNames, leaf.ExtKeyUsage = []string{host}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key, parent, parentKey := newKey(), mid.cert, mid.key
	switch s.Bad {
	case "expired":
		leaf.NotAfter = time.Now().Add(-time.Hour)
	case "name":
		leaf.DNSNames = []string{"other.example"}
	case "chain":
		parent, parentKey = leaf, key
	}
	c := tls.Certificate{Certificate: [][]byte{sign(leaf, parent, key, parentKey).Raw}, PrivateKey: key}
	if s.Bad != "chain" {
		c.Certificate = append(c.Certificate, mid.cert.Raw)
	}
	a.leaves[id] = c
	return c
}
