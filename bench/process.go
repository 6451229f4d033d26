package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// maxKept bounds what is kept of a child's standard error, in bytes.
const maxKept = 8 << 10

// buildFaultline builds the command from this tree into dir and returns its path, so that a
// run measures the code as it is here.
func buildFaultline(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "faultline")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "faultline/cmd/faultline").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build faultline: %w\n%s", err, out)
	}
	return bin, nil
}

// usage is what a process cost, by the operating system's accounting, and what
// it had to complain about.
type usage struct {
	stderr []byte        // the last of it
	cpu    time.Duration // user and system
	wall   time.Duration
	maxRSS int64 // bytes
}

// runChild runs a command to its end on one core's worth of Go threads and
// returns its standard output and what it cost.
func runChild(ctx context.Context, bin string, args ...string) ([]byte, usage, error) {
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var stdout bytes.Buffer
	stderr := &tail{max: maxKept}
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, usage{}, fmt.Errorf("%s: %w\n%s", filepath.Base(bin), err, stderr.kept)
	}
	u := usage{
		stderr: stderr.kept,
		cpu:    cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		wall:   time.Since(began),
	}
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.maxRSS = rssBytes(ru)
	}
	return stdout.Bytes(), u, nil
}

// rssBytes reads ru_maxrss, which is in kilobytes except on Darwin.
func rssBytes(ru *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return ru.Maxrss
	}
	return ru.Maxrss << 10
}

// ownCPU runs f on one core's worth of Go threads and returns the CPU time that this process
// spent meanwhile, the garbage collector's too. Nothing else of the process may run.
func ownCPU(f func() error) (time.Duration, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	before, err := selfCPU()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := selfCPU()
	return after - before, err
}

// selfCPU is the CPU time of this process so far, as the operating system accounts for it.
func selfCPU() (time.Duration, error) {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()), nil
}

// tail keeps the last max bytes that were written to it.
type tail struct {
	max  int
	kept []byte
}

// Write keeps the last bytes, so that an error can quote how a process ended.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - t.max; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}
