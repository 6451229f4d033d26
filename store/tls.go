package store

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/tlsfiles"
)

// The parameters of a URL that name files for TLS.
const (
	paramCA   = "ca"
	paramCert = "cert"
	paramKey  = "key"
)

// WithTLSFiles returns the address of a Redis with files added that its connections use: the
// authorities that may have signed the server's certificate, and this side's certificate and key.
// Those that are empty are left out.
func WithTLSFiles(raw string, files tlsfiles.Files) string {
	params := url.Values{}
	for name, file := range map[string]string{paramCA: files.CA, paramCert: files.Cert, paramKey: files.Key} {
		if file != "" {
			params.Set(name, file)
		}
	}
	if len(params) == 0 {
		return raw
	}
	if strings.Contains(raw, "?") {
		return raw + "&" + params.Encode()
	}
	return raw + "?" + params.Encode()
}

// takeFiles takes the files out of the parameters, which go-redis does not know.
func takeFiles(params url.Values) tlsfiles.Files {
	files := tlsfiles.Files{CA: params.Get(paramCA), Cert: params.Get(paramCert), Key: params.Get(paramKey)}
	for _, name := range []string{paramCA, paramCert, paramKey} {
		params.Del(name)
	}
	return files
}

// dialBy has connections made with what the files hold when each is made. The files are read with
// the first connection, so that one who can't read them learns it like any other reason why there
// is no connection, and goes on once they can be read.
func dialBy(o *redis.UniversalOptions, files tlsfiles.Files) {
	base, timeout := o.TLSConfig, o.DialTimeout
	if timeout == 0 {
		timeout = dialTimeout
	}
	var mu sync.Mutex
	var source *tlsfiles.Source
	current := func() (*tlsfiles.Loaded, error) {
		mu.Lock()
		defer mu.Unlock()
		if source == nil {
			opened, err := tlsfiles.Open(tlsfiles.Config{Files: files, Now: time.Now})
			if err != nil {
				return nil, err
			}
			source = opened
		}
		return source.Current(), nil
	}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		loaded, err := current()
		if err != nil {
			return nil, err
		}
		cfg := base.Clone()
		loaded.Client(cfg)
		if cfg.ServerName == "" {
			if cfg.ServerName, _, err = net.SplitHostPort(addr); err != nil {
				return nil, err
			}
		}
		dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: timeout, KeepAlive: 5 * time.Minute}, Config: cfg}
		return dialer.DialContext(ctx, network, addr)
	}
}
