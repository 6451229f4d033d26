-- Replaces the view.
-- KEYS[1] fence, KEYS[2] view
-- ARGV[1] fence, ARGV[2] the packed view, ARGV[3] the position of the log it is of,
-- ARGV[4] the spans that led to it, empty where nothing is traced
-- Returns the view's version.
if not leads() then return redis.error_reply(NOT_LEADER) end
local version = redis.call('HINCRBY', KEYS[2], 'v', 1)
redis.call('HSET', KEYS[2], 'd', ARGV[2], 'at', version .. ' ' .. ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], 't', version .. ' ' .. ARGV[4]) end
return version
