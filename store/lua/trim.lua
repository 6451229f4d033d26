-- Drops what is behind both the checkpoint and a horizon from the log; of a log
-- that is too long, all that is behind the checkpoint.
-- KEYS[1] fence, KEYS[2] log, KEYS[3] checkpoint pointer, KEYS[4] floor
-- ARGV[1] fence, ARGV[2] the horizon in ms since 1970, ARGV[3] at most how many,
-- ARGV[4] how many entries are too long
-- Returns how many entries went.
if not leads() then return redis.error_reply(NOT_LEADER) end
local at = redis.call('HMGET', KEYS[3], 'ms', 'seq')
if not at[1] then return 0 end
local from = ARGV[2] .. '-0'
local long = redis.call('XLEN', KEYS[2]) > tonumber(ARGV[4])
if long or tonumber(at[1]) < tonumber(ARGV[2]) then from = at[1] .. '-' .. at[2] end
local gone = redis.call('XTRIM', KEYS[2], 'MINID', '~', from, 'LIMIT', ARGV[3])
if gone > 0 then
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
  if #first > 0 then from = first[1][1] end
  redis.call('SET', KEYS[4], from)
end
return gone
