-- Drops what is behind both the checkpoints and a horizon from the log; of a log
-- that is too long, all that is behind the checkpoints.
-- KEYS[1] fence, KEYS[2] log, KEYS[3] floor
-- ARGV[1] fence, ARGV[2] the horizon in ms since 1970, ARGV[3] at most how many,
-- ARGV[4] how many entries are too long, ARGV[5] and ARGV[6] the two parts of the
-- oldest checkpoint's position
-- Returns how many entries went.
if not leads() then return redis.error_reply(NOT_LEADER) end
local from = ARGV[2] .. '-0'
local long = redis.call('XLEN', KEYS[2]) > tonumber(ARGV[4])
if long or tonumber(ARGV[5]) < tonumber(ARGV[2]) then from = ARGV[5] .. '-' .. ARGV[6] end
local gone = redis.call('XTRIM', KEYS[2], 'MINID', '~', from, 'LIMIT', ARGV[3])
if gone > 0 then
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
  if #first > 0 then from = first[1][1] end
  redis.call('SET', KEYS[3], from)
end
return gone
