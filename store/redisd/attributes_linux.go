package redisd

import "syscall"

// childAttributes put the private Redis into a process group of its own, so
// that a Ctrl-C at the terminal reaches only us and Redis outlives the drain,
// and have the kernel end it when we are gone, whatever way we went.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
