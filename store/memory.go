package store

import (
	"context"
	"strconv"
)

// Memory is how the server of the log keeps what it is given: how much of its memory it uses,
// in bytes, as it counts against maxmemory, and what it would lose.
type Memory struct {
	Used, Limit int64 // Limit 0: there is none
	// Evicts is whether Redis deletes keys when it is full (maxmemory-policy), also such as the
	// log; false where it does not say.
	Evicts bool
	// Unwritten is whether Redis keeps no append-only file, so that its end loses what was
	// acknowledged; false where it does not say.
	Unwritten bool
}

// Free is how much is left, in bytes; without a limit it says nothing.
func (m Memory) Free() int64 { return m.Limit - m.Used }

// Memory asks the server of the log how full it is, and how it keeps what it has.
func (s *Store) Memory(ctx context.Context) (Memory, error) {
	text, err := s.scripts.memory.Run(ctx, s.reads, []string{keyLog}).Text()
	if err != nil {
		return Memory{}, s.fail("ask how full Redis is", err)
	}
	return memoryOf(infoFields(text)), nil
}

// memoryOf reads the fields of INFO.
func memoryOf(info map[string]string) Memory {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(info[name], 10, 64)
		if err != nil {
			return 0 // a field that is missing or new says nothing
		}
		return n
	}
	policy := info["maxmemory_policy"]
	return Memory{
		// What waits for replicas and for the disk is not held against what may be written.
		Used: number("used_memory") - number("mem_not_counted_for_evict"), Limit: number("maxmemory"),
		Evicts: policy != "" && policy != "noeviction", Unwritten: info["aof_enabled"] == "0",
	}
}
