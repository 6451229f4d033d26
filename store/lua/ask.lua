-- Notes that somebody wants a site probed, unless it was asked for a moment ago
-- or too many were.
-- KEYS[1] asked: sites by until when they are, KEYS[2] how many this minute
-- ARGV[1] site, ARGV[2] now in ms since 1970, ARGV[3] until when in ms,
-- ARGV[4] the most of a minute, ARGV[5] the most at one time
-- Returns 1 when it is noted, 0 when it was already, -1 when there are too many.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then return -1 end
local n = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], 120000)
if n > tonumber(ARGV[4]) then return -1 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], 120000)
return 1
