-- Gives the lease up before it ends.
-- KEYS[1] lease
-- ARGV[1] the lease's value
-- Returns 1, or 0 when the lease is gone or another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
