// Package tlsfilestest makes authorities and certificates for tests.
package tlsfilestest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faultline/tlsfiles"
)

// Authority signs certificates.
type Authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	File string // its certificate
}

// NewAuthority makes one.
func NewAuthority(t *testing.T) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t), File: filepath.Join(t.TempDir(), "ca.pem")}
	form := &x509.Certificate{SerialNumber: serial(t), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	write(t, a.File, "CERTIFICATE", der)
	return a
}

// Issue writes a certificate for this machine, a name and URIs, and its key, into a new directory.
func (a *Authority) Issue(name string, ends time.Time, uris ...string) tlsfiles.Files {
	a.t.Helper()
	dir := a.t.TempDir()
	files := tlsfiles.Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	a.Renew(files, name, ends, uris...)
	return files
}

// Renew replaces a certificate and its key.
func (a *Authority) Renew(files tlsfiles.Files, name string, ends time.Time, uris ...string) {
	a.t.Helper()
	key := newKey(a.t)
	form := &x509.Certificate{SerialNumber: serial(a.t), Subject: pkix.Name{CommonName: name},
		DNSNames: []string{name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		// The beginning follows from the end, so that a certificate which has ended can
		// be made as well.
		NotBefore: ends.Add(-30 * 24 * time.Hour), NotAfter: ends}
	for _, text := range uris {
		uri, err := url.Parse(text)
		if err != nil {
			a.t.Fatal(err)
		}
		form.URIs = append(form.URIs, uri)
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	write(a.t, files.Cert, "CERTIFICATE", der)
	write(a.t, files.Key, "PRIVATE KEY", secret)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serial(t *testing.T) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// write replaces a file. Its time is made another one, whatever the grain of the file system.
func write(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	var before time.Time
	if info, err := os.Stat(file); err == nil {
		before = info.ModTime()
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if !before.IsZero() {
		if err := os.Chtimes(file, time.Time{}, before.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
}
