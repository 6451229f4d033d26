-- Appends one of the leader's batches to the log.
-- KEYS[1] fence, KEYS[2] log
-- ARGV[1] fence, ARGV[2] the packed batch
-- Returns the entry's position, or nil when there is no log.
if not leads() then return redis.error_reply(NOT_LEADER) end
return redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', 'b', ARGV[2])
