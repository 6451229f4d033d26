package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCmd prints what this binary is. A report of a fault should carry the line.
type versionCmd struct{}

// Run prints one line, for people and for bug reports.
func (versionCmd) Run(w world) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(w.stdout, versionLine(info))
	return err
}

// programVersion is the version that a node or an agent says of itself, in /healthz and in
// the list of vantages: the module's version, or the first digits of the commit where it was
// built from no release, or dev where neither is known.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), commitDigits)]
		}
	}
	return "dev"
}

// commitDigits is how much of a commit's hash names it, as git abbreviates.
const commitDigits = 12

// versionLine says what a binary is made of, in one line: the module's version,
// the commit and its time as the Go tool stamped them, and the platform.
func versionLine(info *debug.BuildInfo) string {
	version, commit, when, dirty := "unknown", "", "", ""
	if info != nil {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = " commit " + s.Value
			case "vcs.time":
				when = " of " + s.Value
			case "vcs.modified":
				dirty = map[string]string{"true": " with local changes"}[s.Value]
			}
		}
	}
	return fmt.Sprintf("faultline %s%s%s%s, %s %s/%s", version, commit, when, dirty,
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
