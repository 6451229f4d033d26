-- Opens the log, once.
-- KEYS[1] epoch, KEYS[2] log, KEYS[3] the mark of a restore that is not complete
-- ARGV[1] the epoch to set, ARGV[2] the log's first entry
-- Returns the log's epoch, old or new.
local epoch = redis.call('GET', KEYS[1])
local log = redis.call('EXISTS', KEYS[2]) == 1
if epoch and log then return epoch end
if epoch or log or redis.call('EXISTS', KEYS[3]) == 1 then
  return redis.error_reply('HALFLOG one of epoch and log is missing')
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], '*', 'b', ARGV[2])
return ARGV[1]
