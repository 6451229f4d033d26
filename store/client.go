package store

import (
	"cmp"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a client waits for and keeps at most, unless the URL says otherwise.
const (
	ioTimeout     = 250 * time.Millisecond // dialling, reading, writing
	poolTimeout   = 100 * time.Millisecond // for a free connection
	poolSize      = 16                     // connections of each client
	clusterReload = time.Second            // a dead master must not hide for longer
)

// newClient makes a client for the topology of o. It never repeats a command by
// itself: a write whose reply was lost would be made twice without anybody
// knowing.
func newClient(o redis.UniversalOptions) redis.UniversalClient {
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.PipelinePoolSize = -1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.DialTimeout = cmp.Or(o.DialTimeout, ioTimeout)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, ioTimeout)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, ioTimeout)
	o.PoolTimeout = cmp.Or(o.PoolTimeout, poolTimeout)
	o.PoolSize = cmp.Or(o.PoolSize, poolSize)
	if o.IsClusterMode && o.MasterName == "" {
		c := o.Cluster()
		c.ClusterStateReloadInterval = clusterReload
		return redis.NewClusterClient(c)
	}
	return redis.NewUniversalClient(&o)
}
