-- Replaces the view.
-- KEYS[1] fence, KEYS[2] view
-- ARGV[1] fence, ARGV[2] the packed view
-- Returns the view's version.
if not leads() then return redis.error_reply(NOT_LEADER) end
redis.call('HSET', KEYS[2], 'd', ARGV[2])
return redis.call('HINCRBY', KEYS[2], 'v', 1)
