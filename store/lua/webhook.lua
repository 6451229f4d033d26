-- Stores a webhook unless there are too many others.
-- KEYS[1] webhooks
-- ARGV[1] id, ARGV[2] what it is, ARGV[3] at most how many
-- Returns 1, or 0 when there is no room.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
