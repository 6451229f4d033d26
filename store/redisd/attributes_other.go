//go:build unix && !linux

package redisd

import "syscall"

// childAttributes put the private Redis into a process group of its own, so
// that a Ctrl-C at the terminal reaches only us and Redis outlives the drain.
// Here nothing ends it when we are killed: the next start adopts it.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
