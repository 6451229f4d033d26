package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"faultline/pace"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the program, built once as the tests are: with the race detector when
// they run with it, and always without the profile, by which everything would be
// compiled a second time.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "faultline-test")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "faultline")
	build := []string{"build", "-pgo=off", "-o", program}
	if pace.Race {
		build = append(build, "-race")
	}
	if out, err := exec.Command("go", append(build, ".")...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program under test: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// process is a serve that runs on its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	exited chan struct{} // closed when it is gone
	mu     sync.Mutex
	said   bytes.Buffer // its standard error
}

// startServe runs serve on a free port and returns when it listens. Env is
// added to an environment without any of our variables.
func startServe(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startProgram(t, program, env, args...)
}

// startProgram is startServe of another build.
func startProgram(t *testing.T, binary string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, exited: make(chan struct{})}
	p.cmd = exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	// What is not said to probe leaves the internet alone.
	p.cmd.Env = append(append(cleanEnv(), "FAULTLINE_ROLE=serve"), env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listens := make(chan string, 1)
	go func() {
		p.listenTo(stderr, listens)
		p.cmd.Wait() // its code is in ProcessState
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if strings.Contains(p.log(), "DATA RACE") {
			t.Errorf("a data race:\n%s", p.log())
		}
	})
	select {
	case addr := <-listens:
		p.url = "http://" + addr
	case <-p.exited:
		t.Fatalf("serve ended at its start:\n%s", p.log())
	}
	return p
}

// cleanEnv is the environment without our variables, and without a limit on
// reading: tests ask again and again, all from one address.
func cleanEnv() (env []string) {
	env = append(env, "FAULTLINE_READ_LIMIT=0")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, envPrefix) {
			env = append(env, v)
		}
	}
	return env
}

func (p *process) listenTo(stderr io.Reader, listens chan<- string) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.said.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
		var line struct{ Msg, Listen string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			listens <- line.Listen
		}
	}
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

func (p *process) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may be gone already
}

// kill ends it as a crash would.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// terminate ends it in order and returns its exit code and how long that took.
func (p *process) terminate() (int, time.Duration) {
	p.t.Helper()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	return p.exitCode(), time.Since(began)
}

// exitCode waits for its end.
func (p *process) exitCode() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-pace.Expiry(p.t.Context(), 20*time.Second):
		p.t.Fatalf("it does not end:\n%s", p.log())
	}
	return p.cmd.ProcessState.ExitCode()
}

// get reads a path; into may be nil. It returns 0 when nobody answers.
func (p *process) get(path string, into any) int {
	p.t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	if into != nil && resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, into); err != nil {
			p.t.Fatalf("GET %s: %v: %s", path, err, body)
		}
	}
	return resp.StatusCode
}

// nobodyThere is the status of a request that never left.
const nobodyThere = -1

// post returns the status of the answer, 0 when there was none.
func (p *process) post(path, body string, header map[string]string) (int, string) {
	req, err := http.NewRequest(http.MethodPost, p.url+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nobodyThere, err.Error()
	}
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

// metric reads one sample of /metrics, -1 when it is not there.
func (p *process) metric(name string) float64 {
	resp, err := http.Get(p.url + "/metrics")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			if f, err := strconv.ParseFloat(value, 64); err == nil {
				return f
			}
		}
	}
	return -1
}

func (p *process) ready() {
	p.t.Helper()
	eventuallyLogged(p, 20*time.Second, "it is ready",
		func() bool { return p.get("/readyz/write", nil) == http.StatusOK })
}

// eventuallyLogged is eventually, with what the process said when it fails.
func eventuallyLogged(p *process, limit time.Duration, what string, ok func() bool) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			p.t.Log(p.log())
		}
	}()
	eventually(p.t, limit, what, ok)
}

// tool runs a short command of the program to its end.
func tool(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(cleanEnv(), env...), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}
