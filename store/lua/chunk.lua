-- Writes one chunk of a checkpoint that nothing points to yet. It expires by
-- itself unless the pointer comes to name it.
-- KEYS[1] fence, KEYS[2] chunk
-- ARGV[1] fence, ARGV[2] the bytes, ARGV[3] time to live in ms
-- Returns OK.
if not leads() then return redis.error_reply(NOT_LEADER) end
return redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
