// Package tlsfiles reads the certificate, the key and the authorities of one side of TLS from
// files, and reads them again when the files change, so that no process must be restarted for a
// certificate that is renewed.
//
// What belongs here: the files and what TLS is configured with from them. What does not: which
// connections use TLS, and what a peer with a certificate may do.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const (
	lookEvery = time.Second // between two looks at whether the files have changed
	// A setting that names the wrong file must not fill the memory.
	maxBytes = 1 << 20 // of one file
)

// Files are the names of PEM files. Each may be empty; Cert and Key need each other.
type Files struct {
	Cert string // this side's certificate, with those between it and its authority
	Key  string // its private key
	CA   string // the authorities of the other side
}

// Loaded is what the files held at one time. It never changes.
type Loaded struct {
	Certificate *tls.Certificate // nil: there is none
	CAs         *x509.CertPool   // nil: those of the system
	// CAsEnd is when the last of those authorities does; zero: there are none.
	CAsEnd time.Time
	// Both are used by Source alone: the first under its lock, the second to see whether
	// the files have changed.
	server *tls.Config
	stamps [3]stamp
}

// stamp tells one content of a file from another.
// A file that was replaced within the grain of the file system's clock by one of the same
// size is not noticed.
type stamp struct {
	at   time.Time
	size int64
}

// stamps looks at the files. One that can't be looked at has the zero stamp.
func (f Files) stamps() (all [3]stamp) {
	for i, name := range []string{f.Cert, f.Key, f.CA} {
		if info, err := os.Stat(name); name != "" && err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

// Load reads the files. Errors name the file and what is wrong with it.
func (f Files) Load() (*Loaded, error) {
	if (f.Cert == "") != (f.Key == "") {
		return nil, errors.New("a certificate and its key need each other")
	}
	// The stamps are taken before the files are read. What changes in between is then
	// read again, where the other order would miss it.
	l := &Loaded{stamps: f.stamps()}
	if f.CA != "" {
		if err := l.trust(f.CA); err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
	}
	if f.Cert == "" {
		return l, nil
	}
	cert, err := read(f.Cert)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	key, err := read(f.Key)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read %s and its key: %w", f.Cert, err)
	}
	l.Certificate = &pair
	return l, nil
}

// trust reads authorities.
func (l *Loaded) trust(file string) error {
	text, err := read(file)
	if err != nil {
		return err
	}
	l.CAs = x509.NewCertPool()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		l.CAs.AddCert(cert)
		if cert.NotAfter.After(l.CAsEnd) {
			l.CAsEnd = cert.NotAfter
		}
	}
	// A pool that is empty would refuse everybody, with an error that says nothing of the
	// file.
	if l.CAsEnd.IsZero() {
		return fmt.Errorf("%s has no certificate in PEM", file)
	}
	return nil
}

// read reads a file that is not too large.
func read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxBytes)
	}
	return os.ReadFile(name)
}

// Ends is when the certificate does; the zero time if there is none.
func (l *Loaded) Ends() time.Time {
	if l.Certificate == nil {
		return time.Time{}
	}
	return l.Certificate.Leaf.NotAfter
}

// Client adds what was loaded to the configuration of a client.
func (l *Loaded) Client(cfg *tls.Config) {
	if l.CAs != nil {
		cfg.RootCAs = l.CAs
	}
	if l.Certificate != nil {
		cfg.Certificates = []tls.Certificate{*l.Certificate}
	}
}

// Config says what a Source reads.
type Config struct {
	Files Files
	Now   func() time.Time
	Log   *slog.Logger          // nil: says nothing
	Reg   prometheus.Registerer // nil: no metrics
}

// Source has what the files hold now. It is safe for concurrent use.
type Source struct {
	cfg    Config
	failed prometheus.Counter

	mu     sync.Mutex
	loaded *Loaded
	looked time.Time
	// One line for each change of the files, and not one a second.
	said [3]stamp // the files whose failure was logged last
}

// Open reads the files. Later failures keep what was read before.
func Open(cfg Config) (*Source, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l, err := cfg.Files.Load()
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, loaded: l, looked: cfg.Now()}
	s.failed = promauto.With(cfg.Reg).NewCounter(prometheus.CounterOpts{Name: "faultline_tls_reload_failures_total",
		Help: "Attempts to read the changed certificate, key or authorities of the API that failed; the ones before " +
			"stay in use."})
	promauto.With(cfg.Reg).NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_tls_certificate_end_seconds",
		Help: "When the certificate of the API ends, in seconds since 1970."},
		func() float64 { return float64(s.Current().Ends().Unix()) })
	return s, nil
}

// Current returns what the files hold, as of at most a second ago.
func (s *Source) Current() *Loaded {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	// Abs, because a clock that is set back would else stop the looking until it has
	// caught up.
	if now.Sub(s.looked).Abs() < lookEvery {
		return s.loaded
	}
	s.looked = now
	stamps := s.cfg.Files.stamps()
	if stamps == s.loaded.stamps {
		return s.loaded
	}
	l, err := s.cfg.Files.Load()
	if err == nil {
		s.loaded = l
		s.cfg.Log.Info("the files of TLS were read again", "certificate_ends", l.Ends())
		return l
	}
	// A certificate and its key are replaced one after the other: for a moment they don't fit.
	s.failed.Inc()
	if s.said != stamps {
		s.said = stamps
		s.cfg.Log.Warn("the changed files of TLS can't be used; the ones before stay in use", "error", err)
	}
	return s.loaded
}

// WantsClients reports whether clients are asked for certificates.
func (s *Source) WantsClients() bool { return s.cfg.Files.CA != "" }

// Server is the configuration of a server that follows the files. A client need not have a
// certificate; one that it has must be of the authorities.
func (s *Source) Server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		// It is called for each new connection. Those that are open keep the certificate
		// that they began with.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.serving(), nil }}
}

// serving is the configuration of new connections. It is kept as long as the files are the same,
// because clients resume their sessions by keys that it holds.
func (s *Source) serving() *tls.Config {
	l := s.Current()
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.server == nil {
		l.server = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			Certificates: []tls.Certificate{*l.Certificate}}
		if l.CAs != nil {
			l.server.ClientAuth, l.server.ClientCAs = tls.VerifyClientCertIfGiven, l.CAs
		}
	}
	return l.server
}
