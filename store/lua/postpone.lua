-- Replaces a delivery that failed, and moves the time at which it is due, unless it was
-- removed meanwhile.
-- KEYS[1] due, KEYS[2] deliveries
-- ARGV[1] id, ARGV[2] when it is due in ms since 1970, ARGV[3] what it is
-- Returns 1, or 0 if there is no such delivery any more.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1
