-- Appends one of the leader's batches to the log.
-- KEYS[1] fence, KEYS[2] log
-- ARGV[1] fence, ARGV[2] the packed batch
-- Returns the entry's position, or nil when there is no log.
-- A Redis whose memory is full refuses a script at its first write, if that could need
-- memory. Small batches, such as ticks, are taken all the same: without time nothing ends.
if not leads() then return redis.error_reply(NOT_LEADER) end
if #ARGV[2] < 256 then redis.call('PERSIST', KEYS[2]) end
return redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', 'b', ARGV[2])
