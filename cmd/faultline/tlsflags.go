package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/tlsfiles"
)

// tlsFlags have the node speak TLS itself, without a proxy in front.
type tlsFlags struct {
	TLSCert          string `name:"tls-cert" placeholder:"FILE" env:"FAULTLINE_TLS_CERT" help:"Certificate (PEM) of --listen, with those between it and its authority: the node then speaks TLS itself, and HTTP/2. A file that changes is read again."`
	TLSKey           string `name:"tls-key" placeholder:"FILE" env:"FAULTLINE_TLS_KEY" help:"Private key (PEM) of --tls-cert."`
	TLSClientCA      string `name:"tls-client-ca" placeholder:"FILE" env:"FAULTLINE_TLS_CLIENT_CA" help:"Authorities (PEM) of client certificates. With it agents and operators (the scopes probes:write, incidents:annotate and admin) need a certificate besides their token. Readers and people who report need none."`
	TLSClientVantage bool   `env:"FAULTLINE_TLS_CLIENT_VANTAGE" help:"Refuse an agent whose certificate names no vantage. One that names another vantage than its token is always refused. Names are URIs: spiffe://DOMAIN/vantage/NAME."`
}

// files are those of the flags.
func (f tlsFlags) files() tlsfiles.Files {
	return tlsfiles.Files{Cert: f.TLSCert, Key: f.TLSKey, CA: f.TLSClientCA}
}

// check refuses files that need others.
func (f tlsFlags) check() error {
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return usageError{errors.New("--tls-cert: needs --tls-key, and the other way round")}
	}
	if f.TLSClientCA != "" && f.TLSCert == "" {
		return usageError{errors.New("--tls-client-ca: needs --tls-cert and --tls-key")}
	}
	if f.TLSClientVantage && f.TLSClientCA == "" {
		return usageError{errors.New("--tls-client-vantage: needs --tls-client-ca")}
	}
	return nil
}

// source reads the files; nil where the node does not speak TLS.
func (f tlsFlags) source(log *slog.Logger, reg prometheus.Registerer) (*tlsfiles.Source, error) {
	if f.TLSCert == "" {
		return nil, nil
	}
	s, err := tlsfiles.Open(tlsfiles.Config{Files: f.files(), Now: time.Now, Log: log, Reg: reg})
	if err != nil {
		return nil, usageError{fmt.Errorf("--tls-cert: %w", err)}
	}
	return s, nil
}

// serverFlags say how an agent, or an operator, and the server know each other.
type serverFlags struct {
	ServerCA   string `name:"server-ca" placeholder:"FILE" env:"FAULTLINE_SERVER_CA" help:"Authorities (PEM) that may have signed the certificate of the server. Without it those of the system are used. A file that changes is read again."`
	ClientCert string `name:"client-cert" placeholder:"FILE" env:"FAULTLINE_CLIENT_CERT" help:"Certificate (PEM) of this program, for a server that has --tls-client-ca. A file that changes is read again."`
	ClientKey  string `name:"client-key" placeholder:"FILE" env:"FAULTLINE_CLIENT_KEY" help:"Private key (PEM) of --client-cert."`
}

// source reads the files; nil where there are none.
func (f serverFlags) source(log *slog.Logger) (*tlsfiles.Source, error) {
	files := tlsfiles.Files{CA: f.ServerCA, Cert: f.ClientCert, Key: f.ClientKey}
	if files == (tlsfiles.Files{}) {
		return nil, nil
	}
	s, err := tlsfiles.Open(tlsfiles.Config{Files: files, Now: time.Now, Log: log})
	if err != nil {
		return nil, usageError{fmt.Errorf("--client-cert, --server-ca: %w", err)}
	}
	return s, nil
}
