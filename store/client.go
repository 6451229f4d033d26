package store

import (
	"cmp"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a client waits for and keeps at most, unless the URL says otherwise.
const (
	ioTimeout     = 250 * time.Millisecond // for one command; further away more: see [line]
	dialTimeout   = time.Second
	poolSize      = 16          // connections of each client
	clusterReload = time.Second // a dead master must not hide for longer
)

// newClient makes a client for the topology of o. It never repeats a command by
// itself: a write whose reply was lost would be made twice without anybody
// knowing. How long a command may take is the business of its context, which the hooks
// bound; the options bound what has none.
func newClient(o redis.UniversalOptions, hooks ...redis.Hook) redis.UniversalClient {
	// Everything that repeats a command by itself is off, and so is what asks the server
	// more than we need: an old or restricted Redis may refuse those questions.
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.PipelinePoolSize = -1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.DialTimeout = cmp.Or(o.DialTimeout, dialTimeout)
	o.ReadTimeout = max(o.ReadTimeout, patienceMax)
	o.WriteTimeout = max(o.WriteTimeout, patienceMax)
	o.PoolTimeout = cmp.Or(o.PoolTimeout, patienceMax)
	o.PoolSize = cmp.Or(o.PoolSize, poolSize)
	if o.IsClusterMode && o.MasterName == "" {
		c := o.Cluster()
		c.ClusterStateReloadInterval = clusterReload
		return hooked(redis.NewClusterClient(c), hooks)
	}
	return hooked(redis.NewUniversalClient(&o), hooks)
}

// hooked adds hooks to a client and returns it.
func hooked(c redis.UniversalClient, hooks []redis.Hook) redis.UniversalClient {
	for _, h := range hooks {
		c.AddHook(h)
	}
	return c
}
