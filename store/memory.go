package store

import (
	"context"
	"strconv"
	"strings"
)

// Memory is how much of its memory Redis uses, in bytes, as it counts against maxmemory.
type Memory struct {
	Used, Limit int64 // Limit 0: there is none
}

// Free is how much is left, in bytes; without a limit it says nothing.
func (m Memory) Free() int64 { return m.Limit - m.Used }

// Memory asks the server of the log how full it is.
func (s *Store) Memory(ctx context.Context) (Memory, error) {
	text, err := s.scripts.memory.Run(ctx, s.reads, []string{keyLog}).Text()
	if err != nil {
		return Memory{}, s.fail("ask how full Redis is", err)
	}
	fields := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			fields[name] = n
		}
	}
	// What waits for replicas and for the disk is not held against what may be written.
	return Memory{Used: fields["used_memory"] - fields["mem_not_counted_for_evict"], Limit: fields["maxmemory"]}, nil
}
