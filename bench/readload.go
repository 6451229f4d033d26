package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// reader is a server of the groups read and stream. A line on its standard input makes a
// change of the first incident.
type reader struct{ *child }

// startReader runs a server that is read from, in a process of its own.
func startReader(ctx context.Context, kind string) (*reader, error) {
	c, err := startChild(ctx, "the server "+kind, envReader+"="+kind)
	if err != nil {
		return nil, err
	}
	return &reader{c}, nil
}

// cpu is the CPU time that the server has used.
func (r *reader) cpu() (time.Duration, error) {
	return cpuOfProcess(r.cmd.Process.Pid)
}

// cpuOfProcess reads user and system time of all threads from the scheduler
// (/proc/PID/task/*/schedstat), in nanoseconds. /proc/PID/stat counts in hundredths of a
// second, which is too coarse for one round.
func cpuOfProcess(pid int) (time.Duration, error) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0, fmt.Errorf("the CPU time of a process is read from /proc, on Linux alone: %w", err)
	}
	var sum int64
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
		if err != nil {
			continue // the thread has ended; Go's do so seldom
		}
		n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum), nil
}

// etags asks for the validators (ETag) that readers would hold.
func (r *reader) etags(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, path := range []string{readListPath, readIncidentPath} {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.addr+path, nil)
		if err != nil {
			return nil, err
		}
		q.Header.Set("Accept-Encoding", "gzip")
		answer, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			return nil, err
		}
		answer.Body.Close()
		if out[path] = answer.Header.Get("ETag"); answer.StatusCode != http.StatusOK || out[path] == "" {
			return nil, fmt.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	return out, nil
}

// perCPUSecond reads over keep-alive connections for one round, and returns how
// many requests the server answered in a second of its CPU time.
func (r *reader) perCPUSecond(ctx context.Context, c readCase) (float64, error) {
	return r.perCPUSecondOf(ctx, c, readConnections, readRound)
}

// perCPUSecondOf is how many requests a second of the server's CPU answers, over so many
// connections for a time d. CPU time and not wall time, because the load shares the machine
// with the server.
func (r *reader) perCPUSecondOf(ctx context.Context, c readCase, connections int, d time.Duration) (float64, error) {
	before, err := r.cpu()
	if err != nil {
		return 0, err
	}
	answered, err := r.load(ctx, c.request(), c.status, connections, d)
	if err != nil {
		return 0, err
	}
	after, err := r.cpu()
	if err != nil || answered == 0 {
		return 0, errors.Join(err, errors.New("void: nothing was answered"))
	}
	return float64(answered) / (after - before).Seconds(), nil
}

// request is the case as it goes over the wire.
func (c readCase) request() []byte {
	request := []byte("GET " + c.path + " HTTP/1.1\r\nHost: x\r\n")
	for name, values := range c.header {
		request = append(request, name+": "+values[0]+"\r\n"...)
	}
	return append(request, "\r\n"...)
}

// load reads over so many connections for so long, and counts the answers.
func (r *reader) load(ctx context.Context, request []byte, status, connections int, d time.Duration) (int64, error) {
	var answered, other atomic.Int64
	end := time.Now().Add(d)
	g, ctx := errgroup.WithContext(ctx)
	for i := range connections {
		g.Go(func() error {
			conn, err := dialFrom(i, r.addr)
			if err != nil {
				return err
			}
			defer conn.Close()
			in := bufio.NewReaderSize(conn, 64<<10)
			for ctx.Err() == nil && time.Now().Before(end) {
				if _, err := conn.Write(request); err != nil {
					return err
				}
				got, err := skipAnswer(in)
				if err != nil {
					return err
				}
				if got != status {
					other.Add(1)
				}
				answered.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if n := answered.Load(); other.Load() > 0 {
		return 0, fmt.Errorf("void: %d of %d answers have another status than %d", other.Load(), n, status)
	}
	return answered.Load(), nil
}

// dialFrom connects from one of some addresses of 127.0.0.0/8, so that readers are many
// people and no limit of one address is reached.
func dialFrom(i int, addr string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i%clientAddresses))}}
	return dialer.Dial("tcp", addr)
}

// skipAnswer reads one answer and returns its status. It skips the body without looking at
// it.
func skipAnswer(in *bufio.Reader) (status int, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch name, value, _ := strings.Cut(text, ":"); {
		case first:
			if len(text) < 12 {
				return 0, fmt.Errorf("no status line: %q", text)
			}
			if status, err = strconv.Atoi(text[9:12]); err != nil {
				return 0, err
			}
		case text == "":
			_, err := in.Discard(length)
			return status, err
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, err
			}
		}
	}
}
