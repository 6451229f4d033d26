package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// child is this program again, as a server of a bench in a process of its own,
// so that its CPU is counted apart.
type child struct {
	cmd   *exec.Cmd
	leash io.WriteCloser // it ends when this does
	addr  string         // the line that it began with: where it listens
}

// startChild runs this program again; env says as what.
func startChild(ctx context.Context, what string, env ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", what, err)
	}
	c := &child{cmd: cmd, leash: leash}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%s does not say where it is: %w", what, err)
	}
	c.addr = strings.TrimSpace(line)
	return c, nil
}

// stop ends the process by closing the pipe that it waits on, so that it ends too if this one
// crashes.
func (c *child) stop() {
	c.leash.Close()
	_ = c.cmd.Wait() // how it ended says nothing
}
