package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"faultline/store"
	"faultline/tlsfiles"
)

// envPrefix begins the name of every environment variable that is read here. nameVariable
// relies on it: a message that has it names its variable already.
const envPrefix = "FAULTLINE_"

// description is the text of faultline --help, above the list of commands.
const description = `Faultline finds out which shared infrastructure has failed when many sites fail at once. It evaluates reports of people and the results of probes.

Every flag can be set by the environment variable named beside it. Wrong values end the process at once, with exit code 2 and one line that names the flag and the variable.`

// cli is the whole command line, in the form that kong reads: a field is a command, and its
// tags are the help. Commands stand in the order of --help, with serve first because most
// people look for it. A new command also needs its line in docs/operations.md.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the service: accept reports and probes, and publish incidents."`
	Probe       probeCmd       `cmd:"" help:"Probe from this machine for a server elsewhere."`
	Replay      replayCmd      `cmd:"" help:"Compute the incidents of event lines in files, as serve would, and print them."`
	Scenario    scenarioCmd    `cmd:"" help:"Print a past outage as event lines, for replay."`
	Export      exportCmd      `cmd:"" help:"Print the whole log as event lines; replay computes the same incidents from them."`
	Backup      backupCmd      `cmd:"" help:"Write everything that Redis keeps for Faultline to a file, while nodes run."`
	Restore     restoreCmd     `cmd:"" help:"Read a backup into an empty Redis."`
	Dump        dumpCmd        `cmd:"" help:"Write the public data of one day as open data: compressed lines of JSON with checksums."`
	Infra       infraCmd       `cmd:"" help:"Say what a site depends on; fetch and check the tables that this is derived from."`
	Token       tokenCmd       `cmd:"" help:"Issue tokens for agents, webhooks and operators, and manage the keys that sign them."`
	Vantage     vantageCmd     `cmd:"" help:"Add, list and revoke vantages: the machines that probes are sent from."`
	Doctor      doctorCmd      `cmd:"" help:"Examine Redis, keys, files and vantages, and say what is wrong and what to do."`
	Version     versionCmd     `cmd:"" help:"Print the version, the commit and the Go release that built this binary."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask the node on this machine whether it is ready: exit 0 if so, 1 if not."`
	Verify      verifyCmd      `cmd:"" help:"Compare a published revision, or a backup, with the signed record."`
	Incidents   incidentsCmd   `cmd:"" help:"Print the incidents of a Faultline server."`
	Webhook     webhookCmd     `cmd:"" help:"Try webhooks on this machine."`
	Check       checkCmd       `cmd:"" help:"Say whether what you depend on works: exit 0 if nothing fails, 3 if something does."`
	MCP         mcpCmd         `cmd:"" name:"mcp" help:"Answer an assistant on standard input and output (Model Context Protocol)."`
	Watch       watchCmd       `cmd:"" help:"Print changes of incidents of a Faultline server as they happen."`
}

// logFlags say in what detail and in which form a command logs. Every command that runs for
// long or opens the store embeds them.
type logFlags struct {
	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"FAULTLINE_LOG_LEVEL" help:"Lowest level of log lines to write: debug, info, warn or error."`
	LogFormat string `default:"json" enum:"json,text" env:"FAULTLINE_LOG_FORMAT" help:"Format of the log on standard error: json, or text for a terminal."`
}

// logger makes the log of the process, at the level and in the form of the flags. It writes to
// standard error alone: standard output belongs to the result of a command.
func (f logFlags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	// The flag's enum holds exactly the names that slog knows.
	_ = level.UnmarshalText([]byte(f.LogLevel))
	opts := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// redisFlags say where the log is. Without an address the private Redis of the state
// directory is meant, which is why the state directory is among them.
type redisFlags struct {
	RedisURL     string `placeholder:"URL" env:"FAULTLINE_REDIS_URL" help:"Redis that holds the log: redis://, rediss://, unix://, redis+sentinel://HOST,…/MASTER or redis+cluster://HOST,…. Without it, a private redis-server runs in the state directory. If none is installed, everything is kept in memory and is lost when the process ends."`
	RedisURLFile string `name:"redis-url-file" placeholder:"FILE" env:"FAULTLINE_REDIS_URL_FILE" help:"File that contains the value of --redis-url, to keep its password out of the environment and of lists of processes."`
	RedisCA      string `name:"redis-ca" placeholder:"FILE" env:"FAULTLINE_REDIS_CA" help:"Authorities (PEM) that may have signed the certificate of Redis, for rediss:// and its like. Without it those of the system are used. A file that changes is read again."`
	RedisCert    string `name:"redis-cert" placeholder:"FILE" env:"FAULTLINE_REDIS_CERT" help:"Certificate (PEM) by which Redis knows this client (mutual TLS). A file that changes is read again."`
	RedisKey     string `name:"redis-key" placeholder:"FILE" env:"FAULTLINE_REDIS_KEY" help:"Private key (PEM) of --redis-cert."`
	stateFlags
}

// check reads the address from its file if one is named, and refuses what can't be one.
func (f *redisFlags) check() error {
	if err := readSecret("redis-url", &f.RedisURL, f.RedisURLFile); err != nil {
		return err
	}
	files := f.redisFiles()
	if files != (tlsfiles.Files{}) && f.RedisURL == "" {
		return usageError{errors.New("--redis-ca, --redis-cert and --redis-key need --redis-url")}
	}
	if (files.Cert == "") != (files.Key == "") {
		return usageError{errors.New("--redis-cert: needs --redis-key, and the other way round")}
	}
	f.RedisURL = store.WithTLSFiles(f.RedisURL, files)
	return checkRedisURL(f.RedisURL)
}

// redisFiles are those that connections to Redis use.
func (f *redisFlags) redisFiles() tlsfiles.Files {
	return tlsfiles.Files{CA: f.RedisCA, Cert: f.RedisCert, Key: f.RedisKey}
}

// stateFlags say where this node keeps what is its own: keys, the snapshot, the archive, the
// files of its private Redis. Commands that are to find these must get the same directory as
// serve.
type stateFlags struct {
	StateDir string `default:"${state_dir}" type:"path" env:"FAULTLINE_STATE_DIR" help:"Directory of this node's signing keys and of the private Redis, created with mode 0700."`
}

// defaultStateDir follows the XDG base directory specification, and falls back to the working
// directory where there is no home. The environment comes as a function, so that a test does
// not depend on that of its machine.
func defaultStateDir(getenv func(string) string) string {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "faultline")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "faultline")
	}
	return "faultline-state"
}

// within refuses a duration outside its bounds, both of which are allowed. flag is the flag's
// name without dashes; the message names it.
func within(flag string, d, least, most time.Duration) error {
	if d < least || d > most {
		return usageError{fmt.Errorf("--%s: must be between %s and %s but got %s", flag, least, most, d)}
	}
	return nil
}
