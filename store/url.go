package store

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"faultline/tlsfiles"
)

// urlParameters are the query parameters that [ParseURL] takes.
var urlParameters = []string{
	"db", "client_name", "skip_verify", "dial_timeout", "read_timeout", "write_timeout", "pool_timeout", "pool_size",
	"sentinel_username", "sentinel_password", paramCA, paramCert, paramKey,
}

// ParseURL reads the address of a Redis, in one of these forms:
//
//	redis://[user:password@]host[:port][/db]           one server
//	rediss://…                                         the same over TLS
//	unix://[user:password@]/path/to.sock[?db=n]        one server, by socket
//	redis+sentinel://[user:password@]h1[:26379],h2/master[?db=n]   by its sentinels
//	redis+cluster://[user:password@]h1[:6379],h2       a cluster
//	rediss+sentinel://…, rediss+cluster://…            the same over TLS
//
// Parameters are those of go-redis: db, client_name, skip_verify, dial_timeout,
// read_timeout, write_timeout, pool_timeout and pool_size, and for sentinels
// sentinel_username and sentinel_password; and ca, cert and key, files for TLS, which
// are read when a connection is made, see [WithTLSFiles]. Several hosts need a scheme that
// says what they are. Errors never quote the URL, which may hold a password.
func ParseURL(raw string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil,
			errors.New("redis URL: no scheme; want redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
	}
	base, mode, _ := strings.Cut(scheme, "+")
	if base != "redis" && base != "rediss" && (base != "unix" || mode != "") ||
		mode != "" && mode != "sentinel" && mode != "cluster" {
		return nil, fmt.Errorf("redis URL: unknown scheme %q", scheme)
	}
	rest, query, _ := strings.Cut(rest, "?")
	params, err := readParameters(query)
	if err != nil {
		return nil, err
	}
	files := takeFiles(params)
	if files != (tlsfiles.Files{}) && base != "rediss" {
		return nil, errors.New("redis URL: files of TLS need rediss://, rediss+sentinel:// or rediss+cluster://")
	}
	o, err := parse(base, mode, rest, params)
	if err == nil && files != (tlsfiles.Files{}) {
		dialBy(o, files)
	}
	return o, err
}

// parse reads what stands behind the scheme.
func parse(base, mode, rest string, params url.Values) (*redis.UniversalOptions, error) {
	whole := base + "://" + rest
	if len(params) > 0 {
		whole += "?" + params.Encode()
	}
	if base == "unix" {
		return single(whole)
	}
	authority, path, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@') + 1
	user, hosts := authority[:at], strings.Split(authority[at:], ",")
	if slices.Contains(hosts, "") && (mode != "" || len(hosts) > 1) {
		return nil, errors.New("redis URL: empty host")
	}
	switch mode {
	case "sentinel":
		return sentinel(base, user, hosts, path, params)
	case "cluster":
		return cluster(base, user, hosts, path, params)
	}
	if len(hosts) > 1 {
		return nil, errors.New("redis URL: several hosts need redis+cluster:// or redis+sentinel://")
	}
	return single(whole)
}

// readParameters refuses what would be ignored otherwise: a setting that is mistyped must
// not pass for one that holds.
func readParameters(query string) (url.Values, error) {
	params, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("redis URL: bad query")
	}
	for name := range params {
		if !slices.Contains(urlParameters, name) {
			return nil, fmt.Errorf("redis URL: unknown parameter %q", name)
		}
	}
	return params, nil
}

// sentinel makes the options of a master that sentinels know by its name. User and password
// of the sentinels are their own.
func sentinel(base, user string, hosts []string, master string, params url.Values) (*redis.UniversalOptions, error) {
	if master == "" || strings.Contains(master, "/") {
		return nil, errors.New("redis URL: redis+sentinel:// needs the master's name as its path")
	}
	name, pass := params.Get("sentinel_username"), params.Get("sentinel_password")
	params.Del("sentinel_username")
	params.Del("sentinel_password")
	o, err := several(base, user, hosts, "26379", params)
	if err != nil {
		return nil, err
	}
	o.MasterName, o.SentinelUsername, o.SentinelPassword = master, name, pass
	return o, nil
}

// cluster makes the options of a cluster, of which some hosts are known.
func cluster(base, user string, hosts []string, path string, params url.Values) (*redis.UniversalOptions, error) {
	if path != "" || params.Has("db") {
		return nil, errors.New("redis URL: a cluster has no databases")
	}
	o, err := several(base, user, hosts, "6379", params)
	if err != nil {
		return nil, err
	}
	// One seed host alone would make a client of a single server.
	o.IsClusterMode = true
	return o, nil
}

// several parses what the hosts have in common by way of the first, then adds
// the others.
func several(base, user string, hosts []string, port string, params url.Values) (*redis.UniversalOptions, error) {
	var all *redis.UniversalOptions
	for _, host := range hosts {
		if !strings.Contains(host[strings.LastIndexByte(host, ']')+1:], ":") {
			host += ":" + port
		}
		o, err := single(base + "://" + user + host + "?" + params.Encode())
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = o
			if all.TLSConfig != nil {
				all.TLSConfig.ServerName = "" // each connection checks the host that it dials
			}
			continue
		}
		all.Addrs = append(all.Addrs, o.Addrs...)
	}
	return all, nil
}

// single makes the options of one server. Errors of go-redis are kept, but for that of a
// URL which can't be parsed: it would quote the URL, with its password.
func single(raw string) (*redis.UniversalOptions, error) {
	o, err := redis.ParseURL(raw)
	if err != nil {
		var bad *url.Error
		if errors.As(err, &bad) {
			return nil, errors.New("redis URL: not a URL")
		}
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	return &redis.UniversalOptions{
		Addrs: []string{o.Addr}, DB: o.DB, Username: o.Username, Password: o.Password,
		ClientName: o.ClientName, TLSConfig: o.TLSConfig, DialTimeout: o.DialTimeout,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolTimeout: o.PoolTimeout, PoolSize: o.PoolSize,
	}, nil
}
