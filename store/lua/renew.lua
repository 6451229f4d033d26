-- Extends the lease of who has it.
-- KEYS[1] lease
-- ARGV[1] the lease's value, ARGV[2] time to live in ms
-- Returns 1, or 0 when the lease is gone or another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
