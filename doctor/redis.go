package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"faultline/store"
)

// The bounds of what is called well.
const (
	leastVersion   = 7         // of Redis, the major number: the tests run on it
	slowRoundTrip  = 0.1       // seconds: from here on each batch waits noticeably
	fullShare      = 0.75      // of maxmemory: from here on the log is kept shorter
	mebibyte       = 1 << 20   // bytes
	leastMemory    = 256 << 20 // bytes of maxmemory that the usual list of sites needs
	lagToleratedIn = 10        // seconds that a replica may be behind
)

// Redis judges what a Redis says of itself. The order is that in which an operator
// should put them right. Nothing is changed and nothing is asked here, so that each
// judgement can be tested with made-up answers.
func Redis(in store.Inspection) []Check {
	return []Check{connection(in), version(in), role(in), persistence(in), disk(in), memory(in), replicas(in),
		access(in), clock(in), leader(in)}
}

// Unreachable is the one line about a Redis that could not be asked.
func Unreachable(why error) Check {
	return Check{"redis", Wrong, "Redis can't be used: " + why.Error() + ".",
		"Start Redis, or put the address, user and password in --redis-url (FAULTLINE_REDIS_URL) right."}
}

// connection judges the time of one round trip, which every report waits for.
func connection(in store.Inspection) Check {
	found := fmt.Sprintf("Redis answers in %.1f ms.", float64(in.RoundTrip)/float64(time.Millisecond))
	if in.RoundTrip.Seconds() >= slowRoundTrip {
		return Check{"redis", Note, found, "Run nodes nearer to Redis: each report waits for at least this long."}
	}
	return Check{"redis", OK, found, ""}
}

// version is that of Redis. Releases before leastVersion are not tested.
func version(in store.Inspection) Check {
	v := in.Info["redis_version"]
	major, _, _ := strings.Cut(v, ".")
	n, err := strconv.Atoi(major)
	switch {
	case err != nil:
		return Check{"version", Unknown, fmt.Sprintf("Redis says that its version is %q.", v), ""}
	case n < leastVersion:
		return Check{"version", Wrong, "Redis is of version " + v + ".",
			fmt.Sprintf("Install Redis %d.0 or newer: Faultline is tested on nothing older.", leastVersion)}
	}
	return Check{"version", OK, "Redis is of version " + v + ".", ""}
}

// role finds an address that leads to a replica or to a Redis that is starting. It is
// the commonest mistake after a failover that was done by hand.
func role(in store.Inspection) Check {
	if in.Info["role"] == "slave" {
		return Check{"role", Wrong, "This Redis is a read-only replica of " + in.Info["master_host"] + ".",
			"Name the master in --redis-url, or the Sentinels (redis+sentinel://) or the cluster (redis+cluster://)."}
	}
	if in.Info["loading"] == "1" {
		return Check{"role", Wrong, "Redis is loading its data.", "Wait until it has done so."}
	}
	return Check{"role", OK, "This Redis takes writes.", ""}
}

// persistence finds settings by which acknowledged reports can be lost.
func persistence(in store.Inspection) Check {
	const name = "persistence"
	if in.Info["aof_enabled"] == "0" {
		return Check{name, Wrong, "Redis keeps no append-only file: its end loses reports that were acknowledged.",
			"Set appendonly yes and appendfsync always, as docker-compose.yml does."}
	}
	switch fsync := in.Settings["appendfsync"]; fsync {
	case "always":
		return Check{name, OK, "Each write is on disk before it is acknowledged (appendfsync always).", ""}
	case "everysec":
		return Check{name, Note,
			"A power failure loses up to two seconds of acknowledged reports (appendfsync everysec).",
			"Set appendfsync always unless your disk is too slow for it."}
	case "no":
		return Check{name, Wrong, "A power failure loses what the kernel has not written (appendfsync no).",
			"Set appendfsync always."}
	}
	return Check{name, Unknown, "Redis keeps an append-only file; how it is synced may not be read by this user.",
		"Ask with a user that may run CONFIG GET: appendfsync should be always."}
}

// disk judges whether the last attempts to write to disk succeeded. Redis goes on
// answering when its disk is full, and loses everything at the next restart.
func disk(in store.Inspection) Check {
	for _, field := range []string{"aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"} {
		if got := in.Info[field]; got != "" && got != "ok" {
			return Check{"disk", Wrong, fmt.Sprintf("Redis could not write to its disk (%s: %s).", field, got),
				"Make room on its disk, or replace it. See the log of Redis for the reason."}
		}
	}
	return Check{"disk", OK, "The last writes to disk succeeded.", ""}
}

// memory finds an eviction policy that would delete parts of the log, which cannot be
// noticed later, and a Redis that is getting full.
func memory(in store.Inspection) Check {
	const name = "memory"
	used, limit := number(in.Info["used_memory"]), number(in.Info["maxmemory"])
	policy := in.Info["maxmemory_policy"]
	switch {
	case policy != "noeviction":
		return Check{name, Wrong, "A Redis that is full deletes keys (maxmemory-policy " + policy + ").",
			"Set maxmemory-policy noeviction: another policy can delete the log."}
	// Where memory is full the kernel ends a process, mostly the largest, which here is
	// Redis.
	case limit == 0:
		return Check{name, Note,
			fmt.Sprintf("Redis uses %d MiB and has no limit: the system may end it when it is full.",
				used/mebibyte), "Set maxmemory below the memory of its machine or container, with room for a rewrite."}
	case limit < leastMemory:
		return Check{name, Note, fmt.Sprintf("Redis may use %d MiB only.", limit/mebibyte),
			fmt.Sprintf("Set maxmemory to %d MiB or more.", leastMemory/mebibyte)}
	}
	found := fmt.Sprintf("Redis uses %d of %d MiB, and refuses writes rather than delete keys.",
		used/mebibyte, limit/mebibyte)
	if float64(used) > fullShare*float64(limit) {
		return Check{name, Wrong, found, "Raise maxmemory: the log is already kept shorter, and from 90 % on " +
			"the API refuses what is sent."}
	}
	return Check{name, OK, found, ""}
}

// replicas finds replicas that may take over without the newest writes, which were
// acknowledged. The lag is in seconds, as INFO has it, and is updated once a second.
func replicas(in store.Inspection) Check {
	const name = "replicas"
	// Redis still uses its old words in INFO.
	n := number(in.Info["connected_slaves"])
	if n == 0 {
		return Check{name, Note, "This Redis has no replica: while it is down, nothing that is sent is taken.",
			"Run a replica under Sentinel or a cluster if that must not happen. Take backups in either case."}
	}
	for i := range n {
		fields := map[string]string{}
		for part := range strings.SplitSeq(in.Info["slave"+strconv.FormatInt(i, 10)], ",") {
			key, value, _ := strings.Cut(part, "=")
			fields[key] = value
		}
		if fields["state"] != "online" || number(fields["lag"]) > lagToleratedIn {
			return Check{name, Wrong, fmt.Sprintf("The replica %s:%s is %s and %s s behind.",
				fields["ip"], fields["port"], fields["state"], fields["lag"]),
				"Look at its log and at the network between: a failover to it would lose reports."}
		}
	}
	return Check{name, OK, fmt.Sprintf("%d replicas are connected and keep up.", n), ""}
}

// access finds a Redis that can be used without a password from elsewhere, and rights
// beyond what is needed. Where the user may not ask for its own rights, that is how it
// should be.
func access(in store.Inspection) Check {
	const name = "access"
	switch {
	case in.Unlocked && !in.Local:
		return Check{name, Wrong, "Whoever reaches this Redis may use it without a password.",
			"Switch the user default off and give each role a user: deploy/redis/users.acl has the rules."}
	case in.Unlocked:
		return Check{name, OK, "Redis wants no password, and is reached from this machine alone.", ""}
	case !in.ExcessKnown:
		return Check{name, OK, "Redis wants a password. Which commands this user may run is not for it to ask.", ""}
	case len(in.Excess) > 0:
		return Check{name, Note, fmt.Sprintf("The user %s may also run %s.", in.User, strings.Join(in.Excess, ", ")),
			"Use the rules of deploy/redis/users.acl, which allow no more than is needed."}
	}
	return Check{name, OK, "The user " + in.User + " may run no command that could empty or end Redis.", ""}
}

// clock compares this machine with Redis, which dates the log. Durations are measured
// locally, so an offset is only a note until tokens and leases are affected.
func clock(in store.Inspection) Check {
	offset := in.Offset.Round(time.Millisecond)
	side := "ahead of"
	if offset < 0 {
		side = "behind"
	}
	found := fmt.Sprintf("The clock of this machine is %s %s that of Redis.", offset.Abs(), side)
	if offset.Abs() > store.ClockTolerance {
		return Check{"clock", Wrong, found, "Run NTP on both machines, and see which of the two is wrong: " +
			"the time of the log is that of Redis."}
	}
	return Check{"clock", OK, found, ""}
}

// leader finds a log that is incomplete or that nobody evaluates. Entries without an
// epoch, or the other way round, are what a Redis leaves that has evicted keys.
func leader(in store.Inspection) Check {
	switch {
	case (in.Epoch == "") == in.Entries, in.Restoring && in.Epoch == "":
		return Check{"log", Wrong, "Redis holds only a part of a log: its entries or its epoch are missing.",
			"A part of the data was deleted or evicted, or a restore was broken off: empty Redis first, then " +
				"restore a backup with faultline restore."}
	case in.Epoch == "":
		return Check{"log", Note, "This Redis holds no log yet.", "Start a node: faultline serve."}
	case !in.Leads:
		return Check{"log", Wrong, "No node leads: reports wait in the log and nothing is published.",
			"Start a node, or look at /readyz/write of those that run."}
	}
	return Check{"log", OK, "There is a log (" + in.Epoch + "), and a node leads.", ""}
}

// number reads a field of INFO; one that is missing is 0.
// Fields differ between releases of Redis, and an old one must not end the examination.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Writable is whether Redis took a key that was written to try it; why is nil if so.
func Writable(why error) Check {
	if why != nil {
		return Check{"writes", Wrong, "Redis refuses writes: " + why.Error() + ".",
			"The API answers 503 to whatever is sent until this is put right; reads go on."}
	}
	return Check{"writes", OK, "Redis takes writes.", ""}
}

// Unreadable is the line about something in Redis that could not be read.
func Unreadable(what string, err error) Check {
	return Check{what, Wrong, "It can't be read: " + store.Reason(err).Error() + ".",
		"Give the user of this Redis the rights of deploy/redis/users.acl."}
}
