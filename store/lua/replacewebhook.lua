-- Replaces a webhook, unless somebody has changed or removed it since it was read.
-- KEYS[1] webhooks
-- ARGV[1] id, ARGV[2] what it was, ARGV[3] what it becomes
-- Returns 1, or 0 when it is not what it was.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
