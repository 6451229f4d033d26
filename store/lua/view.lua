-- Replaces the view.
-- KEYS[1] fence, KEYS[2] view
-- ARGV[1] fence, ARGV[2] the packed view, ARGV[3] the position of the log it is of
-- Returns the view's version.
if not leads() then return redis.error_reply(NOT_LEADER) end
local version = redis.call('HINCRBY', KEYS[2], 'v', 1)
redis.call('HSET', KEYS[2], 'd', ARGV[2], 'at', version .. ' ' .. ARGV[3])
return version
