-- Takes the lease if nobody has it, with a new fence.
-- KEYS[1] lease, KEYS[2] fence
-- ARGV[1] holder, ARGV[2] time to live in ms, ARGV[3] now in ms since 1970
-- Returns the fence as a string, or an empty string when somebody leads.
-- The fence grows even when its key was lost with a failover: time does.
-- A Redis whose memory is full refuses a script at its first write, if that could need
-- memory. Without a leader nobody would make room: so the first write is one that needs none.
if redis.call('EXISTS', KEYS[1]) == 1 then return '' end
redis.call('PERSIST', KEYS[2])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local fence = string.format('%.0f', math.max(last + 1, tonumber(ARGV[3])))
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], fence .. ':' .. ARGV[1], 'PX', ARGV[2])
return fence
