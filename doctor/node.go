package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"faultline"
)

// The ages from which on something is called old.
const (
	oldCheckpoint = 15 * time.Minute    // the interval is 10 min at most
	oldDatabase   = 45 * 24 * time.Hour // free databases are renewed each month
	oldRanges     = 45 * 24 * time.Hour
	silentVantage = time.Hour
	// leastVantages confirm a cause between them.
	leastVantages = 2
	day           = 24 * time.Hour
)

// Checkpoint is what is known of one stored checkpoint: its name, when it was saved,
// and whether an engine can be restored from it.
type Checkpoint struct {
	Name    string
	SavedAt time.Time
	Err     error // why it can't be read; nil if it can
}

// Checkpoints judges the stored checkpoints, the newest first. An unreadable newest one
// is wrong even though a start would use an older one, because it means that something
// writes damaged data.
func Checkpoints(all []Checkpoint, now time.Time) Check {
	const name = "checkpoint"
	if len(all) == 0 {
		return Check{name, Note, "There is no checkpoint yet.",
			"A leader stores one within a minute. Until then a start reads the whole log."}
	}
	newest := all[0]
	if newest.Err != nil {
		for _, older := range all[1:] {
			if older.Err == nil {
				return Check{name, Wrong, fmt.Sprintf("The newest checkpoint can't be read: %v. One of %s can.",
					newest.Err, older.SavedAt.Format(time.RFC3339)),
					"A node that starts takes the older one. See that a node leads: it stores a new one."}
			}
		}
		return Check{name, Wrong, fmt.Sprintf("None of %d checkpoints can be read; the newest: %v.", len(all),
			newest.Err),
			"Use the release that wrote them, or see 'When a checkpoint can't be read' in docs/operations.md."}
	}
	age := now.Sub(newest.SavedAt)
	found := fmt.Sprintf("The newest of %d checkpoints can be read and is %s old.", len(all), age.Round(time.Second))
	if age > oldCheckpoint {
		return Check{name, Wrong, found, "See why no leader stores one: its log says so, and /readyz/write."}
	}
	return Check{name, OK, found, ""}
}

// SigningKeys are the keys of this node's state directory, and those known in Redis.
type SigningKeys struct {
	Dir       string
	Here      int   // readable in the directory
	Err       error // why the directory can't be used; nil if it can
	Published int   // by all nodes, in Redis
}

// Keys judges the keys that tokens are signed with. Without a usable one a node refuses
// every token of its own. A directory without keys is only a note, because the command
// may run on another machine than the node.
func Keys(k SigningKeys) Check {
	const name = "keys"
	switch {
	case k.Err != nil:
		return Check{name, Wrong, "The signing keys can't be used: " + k.Err.Error() + ".",
			"Give " + k.Dir + " to the user that serves, with mode 0600 for each file, or restore it from your copy."}
	case k.Here == 0:
		return Check{name, Note, "There are no signing keys in " + k.Dir + ".",
			"Run this where serve runs, with its --state-dir. serve makes the first key when it starts."}
	case k.Published == 0:
		return Check{name, Note,
			fmt.Sprintf("This node has %d signing keys, and none is known to other nodes.", k.Here),
			"A node that runs publishes its keys within a minute."}
	}
	return Check{name, OK, fmt.Sprintf("This node has %d signing keys; all nodes accept %d.", k.Here, k.Published), ""}
}

// StateDirectory judges whether a node can write what it keeps on its disk; err is why not. A node
// runs on without, and says so in its log alone, until a restart finds what it knew out of date.
func StateDirectory(dir string, err error) Check {
	const name = "state directory"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Check{name, Note, "There is no " + dir + ".",
			"Run this where serve runs, with its --state-dir. serve makes the directory when it starts."}
	case err != nil:
		return Check{name, Wrong, "Nothing can be written to " + dir + ": " + err.Error() + ".",
			"Make room on its disk, or give it to the user that serves. Keys, the archive and what a node " +
				"answers from while Redis is away are there."}
	}
	return Check{name, OK, dir + " can be written to.", ""}
}

// Database is one file of addresses or ranges.
type Database struct {
	File  string
	Built time.Time
	Err   error // why it can't be read; nil if it can
}

// AddressDatabases judges the files of --address-db. Networks move, so an old database
// names wrong ones, and reports then count for the wrong provider. The oldest one
// decides: a new file of countries does not help an old one of networks.
func AddressDatabases(all []Database, now time.Time) Check {
	const name = "address database"
	if len(all) == 0 {
		return Check{name, Note, "No address database is named: reports carry no network and no country.",
			"Run script/address-db DIR, and name its files in --address-db (FAULTLINE_ADDRESS_DB)."}
	}
	oldest := all[0]
	for _, d := range all {
		if d.Err != nil {
			return Check{name, Wrong, fmt.Sprintf("%s can't be read: %v.", d.File, d.Err),
				"Fetch it again: script/address-db DIR."}
		}
		if d.Built.Before(oldest.Built) {
			oldest = d
		}
	}
	return aged(name, oldest, now, oldDatabase,
		"Fetch new ones: script/address-db DIR. A running node reads them by itself.")
}

// Ranges judges the file of address ranges that clouds publish; nil: there is none.
func Ranges(file *Database, now time.Time) Check {
	const name, do = "address ranges", "Run faultline infra refresh."
	switch {
	case file == nil:
		return Check{name, Note, "There is no file of address ranges: regions of clouds are recognised less often.", do}
	case file.Err != nil:
		return Check{name, Wrong, fmt.Sprintf("%s can't be read: %v.", file.File, file.Err), do}
	}
	return aged(name, *file, now, oldRanges, do)
}

// aged says how old a database is, and what to do when it is older than it should be.
// What needs no attention has no advice.
func aged(name string, d Database, now time.Time, old time.Duration, do string) Check {
	age := now.Sub(d.Built)
	found := fmt.Sprintf("%s is %d days old.", d.File, int(age/day))
	if age > old {
		return Check{name, Wrong, found, do}
	}
	return Check{name, OK, found, ""}
}

// Vantages judges where checks are made from. added are those that operators have
// added: one that has never reported is named too. Fewer than two that work cannot
// confirm an outage without people. A vantage that is unfit is wrong even where enough
// others work, since each one that is lost leaves less to lose.
func Vantages(all []faultline.VantageStatus, added []faultline.AddedVantage, now time.Time) Check {
	const name = "vantages"
	var unfit []string
	fit, seen := 0, map[string]bool{}
	for _, v := range all {
		seen[v.Vantage] = true
		switch {
		case now.Sub(v.SeenAt) > silentVantage:
			unfit = append(unfit, v.Vantage+" (silent)")
		case v.State == faultline.VantageOK:
			fit++
		default:
			unfit = append(unfit, fmt.Sprintf("%s (%s)", v.Vantage, v.State))
		}
	}
	for _, a := range added {
		if !seen[a.Vantage] {
			unfit = append(unfit, a.Vantage+" (never seen)")
		}
	}
	found := fmt.Sprintf("%d vantages observe.", fit)
	if fit == 1 {
		found = "1 vantage observes."
	}
	if len(unfit) > 0 {
		found += " Not fit: " + strings.Join(unfit, ", ") + "."
	}
	switch {
	case fit == 0:
		return Check{name, Wrong, found,
			"Run a node with --role all, or faultline vantage add NAME for another machine."}
	case len(unfit) > 0:
		return Check{name, Wrong, found,
			"Look at the log of each; faultline vantage revoke NAME ends one that is gone."}
	case fit < leastVantages:
		return Check{name, Note, found, "Add one in another network: one vantage alone confirms nothing."}
	}
	return Check{name, OK, found, ""}
}

// Archive is what is known of the incidents that are in files.
type Archive struct {
	Dir       string
	Files     int // that Redis lists
	Incidents int // in them
	Missing   int // of the files, in the directory
	Damaged   int // there, and not what their names say
	Nodes     int // that keep a copy, and were seen within a day
	Err       error
}

// Archived judges the archive of the state directory. A file that is missing is no
// fault as long as another node has it; one that is damaged is.
func Archived(a Archive) Check {
	const name = "archive"
	switch {
	case a.Err != nil:
		return Check{name, Unknown, "The archive can't be examined: " + a.Err.Error() + ".", ""}
	case a.Files == 0:
		return Check{name, OK, "No incident was moved into the archive: all are in Redis.", ""}
	case a.Damaged > 0:
		return Check{name, Wrong, fmt.Sprintf("%d of %d files in %s are damaged.", a.Damaged, a.Files, a.Dir),
			"Examine the disk. A node copies them again from another one within a day; else restore a backup."}
	case a.Missing == a.Files:
		return Check{name, Note, fmt.Sprintf("The archive has %d files, and none is in %s.", a.Files, a.Dir),
			"Run this where serve runs, with its --state-dir. A new node copies them within minutes from another one."}
	case a.Missing > 0:
		return Check{name, Wrong, fmt.Sprintf("%d of %d files are not in %s.", a.Missing, a.Files, a.Dir),
			"See that another node runs that has them: this one copies them. Else restore a backup."}
	}
	found := fmt.Sprintf("All %d files with %d incidents are whole; %d nodes keep a copy.",
		a.Files, a.Incidents, a.Nodes)
	if a.Nodes < leastCopies {
		return Check{name, Note, found, "Run a second node, or back up: these incidents are on one disk."}
	}
	return Check{name, OK, found, ""}
}

// leastCopies of the archive survive the loss of a disk.
const leastCopies = 2
