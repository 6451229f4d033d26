package redisd

import "syscall"

// childAttributes put the private Redis into a process group of its own, so that a Ctrl-C
// at the terminal reaches only us.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
