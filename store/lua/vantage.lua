-- Notes what a vantage says of itself.
-- KEYS[1] vantages
-- ARGV[1] vantage, ARGV[2] what it says, ARGV[3] the most, ARGV[4] time to live in ms
-- Returns 1, or 0 when there are too many.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
