package store

import (
	"context"
	"embed"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// fencePrelude stands in front of every script that only the leader may run.
// It is a variable so that a test can show what happens without the check.
var fencePrelude = lua("fence")

// scripts are the server's side of the operations that must be atomic. Each file in lua/
// opens with its keys, its arguments and what it returns.
type scripts struct {
	epoch, logState, tail, acquire, renew, release, ask, answer, vantage, webhook *redis.Script
	memory, publish, settle, makeKey, head, postpone, replaceWebhook, push        *redis.Script
	append, revision, view, series, checkRequests                                 *redis.Script // the leader's
	chunk, flip, trim, deliver, adopt, propose, move                              *redis.Script
}

// newScripts makes the scripts; prelude stands in front of those that only the leader may
// run.
func newScripts(prelude string) scripts {
	free := func(name string) *redis.Script { return redis.NewScript(lua(name)) }
	fenced := func(name string) *redis.Script { return redis.NewScript(prelude + lua(name)) }
	return scripts{
		epoch: free("epoch"), memory: free("memory"), publish: free("publish"), logState: free("logstate"),
		tail: free("tail"), acquire: free("acquire"), renew: free("renew"), release: free("release"),
		settle: free("settle"), makeKey: free("makekey"),
		ask: free("ask"), answer: free("answer"), vantage: free("vantage"),
		append: fenced("append"), revision: fenced("revision"), view: fenced("view"),
		checkRequests: fenced("checkrequests"), series: fenced("series"),
		chunk: fenced("chunk"), flip: fenced("flip"), trim: fenced("trim"),
		adopt: fenced("adopt"), deliver: fenced("deliver"), webhook: free("webhook"),
		replaceWebhook: free("replacewebhook"), push: free("push"),
		head: free("head"), postpone: free("postpone"), propose: fenced("propose"), move: fenced("move"),
	}
}

// lua returns an embedded script. The files are part of the binary, so that a
// missing one is a mistake in this package.
func lua(name string) string {
	src, err := luaFiles.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(src)
}

// standing is what the fence checks a leader by: its own fence and, where that can change,
// which end of the log this process has read.
func (s *Store) standing(l Lease) string {
	fence := strconv.FormatInt(l.Fence, 10)
	read := s.readTo.Load()
	if !s.durable || read == nil || read.Pos.IsZero() {
		return fence
	}
	return fence + " " + read.Pos.String() + " " + read.Head
}

// fenced runs one of the leader's scripts: the fence is always its first key
// and its first argument.
func (s *Store) fenced(ctx context.Context, script *redis.Script, l Lease, keys []string, args ...any) *redis.Cmd {
	return script.Run(ctx, s.writes, append([]string{keyFence}, keys...), append([]any{s.standing(l)}, args...)...)
}
