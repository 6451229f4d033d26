package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

func (versionCmd) Run(w world) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(w.stdout, versionLine(info))
	return err
}

// programVersion is the version of this program, or the first digits of its commit where
// it was built from no release; dev where neither is known.
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
