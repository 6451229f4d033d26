-- Makes a file of the archive known that a leader has written; it replaces one proposed before.
-- KEYS[1] fence, KEYS[2] the proposal
-- ARGV[1] fence, ARGV[2] the proposal as JSON
if not leads() then return redis.error_reply(NOT_LEADER) end
redis.call('SET', KEYS[2], ARGV[2])
return 1
