-- Appends the entry with which folds begin again, and notes where it is.
-- KEYS[1] fence, KEYS[2] log, KEYS[3] where folds began again last
-- ARGV[1] fence, ARGV[2] the packed batch
-- Returns the entry's position, or nil when there is no log.
if not leads() then return redis.error_reply(NOT_LEADER) end
local id = redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', 'b', ARGV[2])
if id then redis.call('SET', KEYS[3], id) end
return id
