-- Replaces what the correlator wants probed.
-- KEYS[1] fence, KEYS[2] requests
-- ARGV[1] fence, ARGV[2] the packed requests, ARGV[3] time to live in ms
-- Returns OK.
if not leads() then return redis.error_reply(NOT_LEADER) end
return redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
