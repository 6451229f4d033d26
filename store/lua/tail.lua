-- Returns the newest position of the log, without sending its entry.
-- KEYS[1] log
-- Returns the position, or an empty string.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 then return '' end
return last[1][1]
