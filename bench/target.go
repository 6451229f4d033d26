package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// target is what checks are made against: a DNS server, sites on HTTP and HTTPS, and their
// certificate, in a process of their own, so that its CPU time is not counted. Roots is the
// certificate that clients must trust, in PEM. It goes to the parent as JSON.
type target struct {
	DNS         netip.AddrPort
	HTTP, HTTPS uint16
	Roots       string

	stop func()
}

// startTarget runs this program again as the target.
func startTarget(ctx context.Context) (*target, error) {
	c, err := startChild(ctx, "the target", targetRole+"=1")
	if err != nil {
		return nil, err
	}
	t := &target{stop: c.stop}
	if err := json.Unmarshal([]byte(c.addr), t); err != nil {
		t.stop()
		return nil, fmt.Errorf("start the target: %w", err)
	}
	return t, nil
}

// serveTarget is the target: it prints where it listens and ends when its input does, which
// is when the parent ends.
func serveTarget(in io.Reader, out io.Writer) error {
	t := target{}
	cert, root, err := certify()
	if err != nil {
		return err
	}
	t.Roots = string(root)
	plain, err1 := net.Listen("tcp", "127.0.0.1:0")
	secure, err2 := net.Listen("tcp", "127.0.0.1:0")
	packets, err3 := net.ListenPacket("udp", "127.0.0.1:0")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	t.HTTP, t.HTTPS = port(plain.Addr()), port(secure.Addr())
	t.DNS = packets.LocalAddr().(*net.UDPAddr).AddrPort()
	body := make([]byte, 512)
	h := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(body) })
	quiet := log.New(io.Discard, "", 0)
	go func() { _ = (&http.Server{Handler: h, ErrorLog: quiet}).Serve(plain) }()
	go func() {
		_ = (&http.Server{Handler: h, ErrorLog: quiet}).Serve(tls.NewListener(secure,
			&tls.Config{Certificates: []tls.Certificate{cert}}))
	}()
	go func() {
		_ = (&dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(resolveTarget)}).ActivateAndServe()
	}()
	if err := json.NewEncoder(out).Encode(t); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// port is the port of a TCP address.
func port(a net.Addr) uint16 { return a.(*net.TCPAddr).AddrPort().Port() }

// resolveTarget answers every question for an IPv4 address with 127.0.0.1.
func resolveTarget(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(r)
	if q := r.Question[0]; q.Qtype == dns.TypeA {
		m.Answer = append(m.Answer,
			&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
				A: net.IPv4(127, 0, 0, 1)})
	}
	_ = w.WriteMsg(m) // who asked may be gone
}

// certify makes a chain as sites have it: root, intermediate and leaf, with P-256 keys. A
// self-signed certificate would be cheaper to verify than those of the world.
func certify() (tls.Certificate, []byte, error) {
	var none tls.Certificate
	template := func(serial int64, name string, ca bool) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour),
			NotAfter:  time.Now().Add(24 * time.Hour), IsCA: ca, BasicConstraintsValid: true}
		if ca {
			c.KeyUsage = x509.KeyUsageCertSign
		}
		return c
	}
	var keys [3]*ecdsa.PrivateKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return none, nil, err
		}
		keys[i] = key
	}
	root, mid, leaf := template(1, "root", true), template(2, "intermediate", true), template(3, "sites", false)
	leaf.DNSNames = []string{"*" + probeDomain}
	rootDER, err1 := x509.CreateCertificate(rand.Reader, root, root, &keys[0].PublicKey, keys[0])
	midDER, err2 := x509.CreateCertificate(rand.Reader, mid, root, &keys[1].PublicKey, keys[0])
	leafDER, err3 := x509.CreateCertificate(rand.Reader, leaf, mid, &keys[2].PublicKey, keys[1])
	if err := errors.Join(err1, err2, err3); err != nil {
		return none, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{leafDER, midDER}, PrivateKey: keys[2]},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), nil
}
