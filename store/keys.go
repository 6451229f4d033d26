package store

import (
	"strconv"
	"strings"
)

// tag is the hash tag of every key: a cluster keeps all keys of one tag on one server, so
// that scripts can touch several of them and a failover loses the same end of each.
const tag = "{faultline}:"

// The bounds of what is kept.
const (
	// changesKept is how many revisions the changes stream holds at least.
	changesKept = 4096
	// chunkBytes is the most of a checkpoint that one command carries.
	chunkBytes = 256 << 10
	// maxCheckpointChunks bounds a checkpoint, to 256 MiB: two million sites, and
	// whom to take for a repeat at thousands of reports a second.
	maxCheckpointChunks = 1024
)

// The keys that stand alone.
const (
	keyLog           = tag + "log"
	keyFloor         = tag + "log:floor"
	keyEpoch         = tag + "epoch"
	keyRestoring     = tag + "restoring"
	keyLease         = tag + "lease"
	keyFence         = tag + "fence"
	keyCheckpoint    = tag + "checkpoint"
	keyAdopted       = tag + "adopted"
	keyOlder         = tag + "checkpoints:older"
	keyIndex         = tag + "incidents"
	keyChanges       = tag + "changes"
	keyRecord        = tag + "record"
	keyHeads         = tag + "record:heads"
	keyView          = tag + "view"
	keyCheckRequests = tag + "wishes"
	keyAsked         = tag + "asked"
	keyVantages      = tag + "vantages"
	keyAdded         = tag + "vantages:added"
	keyCertificates  = tag + "notices:certificates"
	keyMaintenances  = tag + "notices:maintenances"
	keyForgotten     = tag + "dailykeys:forgotten"
	keyTried         = tag + "tried"
	keyRevoked       = tag + "revoked"
	keyPublic        = tag + "publickeys"
	keyMade          = tag + "keys"
	keyWebhooks      = tag + "webhooks"
	keyWebhookAt     = tag + "webhooks:at"
	keyDue           = tag + "webhooks:due"
	keyDeliveries    = tag + "webhooks:deliveries"

	keyPushes         = tag + "push"
	keyPushKey        = tag + "push:key"
	keyPushAt         = tag + "push:at"
	keyPushDue        = tag + "push:due"
	keyPushDeliveries = tag + "push:deliveries"

	keyArchive       = tag + "archive"
	keyArchiveNext   = tag + "archive:next"
	keyArchiveNodes  = tag + "archive:nodes"
	keyArchiveWanted = tag + "archive:wanted"
)

// The keys of which there are several.
const (
	prefixChunk    = tag + "checkpoint:"
	prefixIncident = tag + "incident:"
	prefixEntries  = tag + "record:entries:"
	prefixDaily    = tag + "dailykey:"
	prefixAsked    = tag + "asked:"
	prefixCheck    = tag + "check:"
	prefixQuota    = tag + "quota:"
	prefixDead     = tag + "webhooks:dead:"
	prefixTries    = tag + "webhooks:tries:"
	prefixMade     = tag + "keys:of:"
	prefixPush     = tag + "push:of:"
	prefixMinutes  = tag + "minutes:"
	prefixHours    = tag + "hours:"
	prefixLent     = tag + "archive:lent:"

	prefixConcentration = tag + "concentration:"
)

// Keys whose name holds an id or a day. Their names are made here and nowhere else, or a
// backup, the registry and the reader of a key could disagree about its name.
func incidentKey(id string) string { return prefixIncident + id }
func dailyKey(day string) string   { return prefixDaily + day }

func askedMinuteKey(minute int64) string { return prefixAsked + strconv.FormatInt(minute, 10) }
func checkKey(site string) string        { return prefixCheck + site }
func madeKey(day string) string          { return prefixMade + day }
func pushDayKey(day string) string       { return prefixPush + day }

// maxSeriesName bounds the name of a site or component in a key, in bytes.
const maxSeriesName = 300

// minutesKey is where the minutes of an hour since 1970 are, hoursKey where a
// block of hours is.
func minutesKey(of string, hour int64) string {
	return prefixMinutes + of + ":" + strconv.FormatInt(hour, 10)
}

func hoursKey(of string, block int64) string {
	return prefixHours + of + ":" + strconv.FormatInt(block, 10)
}

// chunkKeys names the n chunks of a checkpoint's generation.
func chunkKeys(generation string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = prefixChunk + generation + ":" + strconv.Itoa(i)
	}
	return keys
}

// keySpec describes one key, or with a trailing * a family of keys. The registry is the
// answer to "what is this key, and may I delete it?".
type keySpec struct {
	pattern string
	holds   string
	bound   string // what keeps it from growing without end
	expires bool   // every key of this pattern has a time to live
}

// registry names every key that this package writes. A key that is not here is
// a mistake.
var registry = []keySpec{
	{keyLog, "stream: the log, one packed batch an entry",
		"what is behind the checkpoint and an hour old goes; beyond 2,000,000 entries the hour does not count", false},
	{keyFloor, "string: the oldest position still in the log", "one position", false},
	{keyEpoch, "string: the log's epoch, a ULID", "26 bytes", false},
	{keyRestoring, "string: a restore has begun and is not complete", "empty; until the restore is complete", false},
	{keyLease, "string: who leads, as fence:holder", "the lease's time to live", true},
	{keyFence, "string: the newest fence ever given", "one number", false},
	{keyCheckpoint, "hash: pointer to the newest checkpoint", "five fields", false},
	{keyAdopted, "string: the position of the log's newest adoption", "one position", false},
	{keyOlder, "string: which older checkpoints are kept, JSON", "four of them", false},
	{prefixChunk + "*", "string: one chunk of a checkpoint",
		"at most six generations of 1024 chunks of 256 KiB; unfinished ones expire", false},
	{keyIndex, "sorted set: incident ids by onset", "one an incident, until it is in the archive", false},
	{prefixIncident + "*", "hash: the revisions of one incident, compressed",
		"one field a revision, at most one a minute, until it is moved into the archive", false},
	{keyArchive, "hash: the archive's files by name",
		"some 250 bytes for each file of 128 incidents or 4 MiB", false},
	{keyArchiveNext, "string: the file that is to be added to the archive, JSON", "128 incidents", false},
	{keyArchiveNodes, "hash: which node holds the file that is to be added", "64; a day", true},
	{keyArchiveWanted, "sorted set: files that nodes ask each other for", "8; a minute", true},
	{prefixLent + "*", "string: one chunk of a file of the archive that a node has asked for",
		"256 KiB; 8 files of 64 MiB at most, a minute", true},
	{keyChanges, "stream: revisions as they happened, listed form", "the newest 4096", false},
	{keyRecord, "hash: the public record's size, public key and newest signed head", "four fields", false},
	{keyHeads, "hash: the last signed head of each day", "400 days", false},
	{prefixEntries + "*", "list: 256 entries of the public record, in order",
		"one entry a revision, permanently", false},
	{keyView, "hash: the newest view, compressed, and its version", "faultline.ViewSites", false},
	{keyTried, "string: written to see whether Redis takes writes", "empty; a minute", true},
	{keyRevoked, "sorted set: ids of revoked tokens by when they expire", "100,000 members, until they expire", false},
	{keyPublic, "hash: public keys that nodes sign tokens with, by their ids",
		"64; a day after they were published last", true},
	{keyWebhooks, "hash: webhooks by id", "1,000", false},
	{keyWebhookAt, "string: the change up to which deliveries are queued", "one position", false},
	{keyDue, "sorted set: deliveries by when they are due", "100,000", false},
	{keyDeliveries, "hash: deliveries by id", "100,000", false},
	{prefixDead + "*", "list: what was given up of one webhook", "50, for 30 days", true},
	{prefixTries + "*", "list: the last tries to deliver to one webhook", "100, for 7 days", true},
	{keyPushes, "hash: subscriptions of browsers by id", "10,000; 60 days after they were renewed last", false},
	{keyPushKey, "string: the private key that notifications are signed with", "43 bytes", false},
	{keyPushAt, "string: the change up to which notifications are queued", "one position", false},
	{keyPushDue, "sorted set: notifications by when they are due", "100,000", false},
	{keyPushDeliveries, "hash: notifications by id", "100,000", false},
	{prefixPush + "*", "hash: how many browsers of each prefix subscribed in one day",
		"faultline.PushesOfPrefix for each prefix, 10,000 in all; 26 hours", true},
	{keyMade, "hash: keys that people made by themselves, by subject", "faultline.MaxMadeKeys; 90 days each", false},
	{prefixMade + "*", "hash: how many of them each prefix made in one day, and with which challenges",
		"500 a day; 26 hours", true},
	{prefixDaily + "*", "string: the pseudonym key of one day", "26 hours", true},
	{prefixMinutes + "*", "hash: minutes of one site or component in one hour that had a report or a failure",
		"8 days", true},
	{prefixConcentration + "*", "hash: how few providers served how many sites, a day a field, of one year",
		"366 days; 10 years", true},
	{prefixHours + "*", "hash: 240 hours of one site or component", "400 days", true},
	{keyCheckRequests, "string: what the correlator wants probed, compressed", "faultline.MaxCheckRequests; a minute",
		true},
	{keyAsked, "sorted set: sites that people asked for, by until when", "100 sites; two minutes", true},
	{prefixAsked + "*", "hash: how many were asked for in one minute, by prefix",
		"at most 20 of each prefix and 240 sites; two minutes", true},
	{prefixCheck + "*", "hash: one check that a person asked for, a field a vantage",
		"32 vantages, 240 a minute; ten minutes", true},
	{keyVantages, "hash: what each vantage says of itself", "faultline.MaxVantages; 30 days", true},
	{keyAdded, "hash: vantages that operators have added", "faultline.MaxVantages, until they are removed", false},
	{keyCertificates, "hash: certificates that end soon, by site", "10,000; two hours", true},
	{keyMaintenances, "hash: announced maintenance, by page",
		"1,000 pages of faultline.MaxMaintenances; 26 hours", true},
	{keyForgotten, "string: the newest day whose key Redis' files no longer hold", "one day", false},
	{prefixQuota + "*", "string: when one quota will be unused (GCRA)",
		"as long as some of it is used: a minute or so", true},
}

// Bound says what keeps a key of Redis from growing; ok is false for a key that
// this package does not write.
func Bound(key string) (bound string, ok bool) {
	spec, ok := specOf(key)
	return spec.bound, ok
}

// specOf finds the entry of the registry that a key belongs to. A key that stands alone
// comes before a family whose prefix it shares.
func specOf(key string) (keySpec, bool) {
	for _, spec := range registry {
		prefix, family := strings.CutSuffix(spec.pattern, "*")
		if key == spec.pattern || family && strings.HasPrefix(key, prefix) {
			return spec, true
		}
	}
	return keySpec{}, false
}
