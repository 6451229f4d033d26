-- Stores revision n of an incident after revision n-1, and tells of it, in the changes and
-- in the public record.
-- KEYS[1] fence, KEYS[2] incident, KEYS[3] index, KEYS[4] changes, KEYS[5] record
-- ARGV[1] fence, ARGV[2] n, ARGV[3] SHA-256 of the revision, 32 bytes,
-- ARGV[4] the packed revision, ARGV[5] its packed listed form,
-- ARGV[6] id, ARGV[7] onset in ms since 1970, ARGV[8] changes to keep, ARGV[9] 1 for a
-- revision that was published before the end of the log was lost: those before it may be
-- lost too, and what was stored since stays;
-- ARGV[10] the entry of the record up to the hash of the revision before, ARGV[11] its end,
-- ARGV[12] begins the keys of bundles of entries (all of one slot), ARGV[13] entries a bundle,
-- ARGV[14] the spans that led to it, empty where nothing is traced
-- Returns 1 when stored, 0 when the same was stored already.
if not leads() then return redis.error_reply(NOT_LEADER) end
local n = tonumber(ARGV[2])
local last = tonumber(redis.call('HGET', KEYS[2], 'last') or '0')
local lost = ARGV[9] == '1'
if n > last + 1 and not lost then return redis.error_reply('REVGAP the revision before it is missing') end
if n <= last then
  local kept = redis.call('HGET', KEYS[2], ARGV[2])
  if kept and string.sub(kept, 1, 32) == ARGV[3] then return 0 end
  if lost then return 0 end
  return redis.error_reply('REVDIFFER the revision is stored with other contents')
end
-- Each change names the one before, so that a reader sees a gap.
local before = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)
local previous = ''
if #before > 0 then previous = before[1][1] end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ARGV[4], 'last', ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[7], ARGV[6])
-- The entry of the record names what the revision before was stored as.
local hash = ''
if n > 1 then
  local stored = redis.call('HGET', KEYS[2], tostring(n - 1))
  if stored then
    hash = string.gsub(string.sub(stored, 1, 32), '.', function(c) return string.format('%02x', string.byte(c)) end)
  end
end
local at = redis.call('HINCRBY', KEYS[5], 'size', 1) - 1
redis.call('HSETNX', KEYS[2], 'recorded', ARGV[2])
local bundle = ARGV[12] .. string.format('%.0f', math.floor(at / tonumber(ARGV[13])))
redis.call('RPUSH', bundle, ARGV[10] .. hash .. ARGV[11])
if ARGV[14] == '' then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', 'i', ARGV[5], 'p', previous)
else
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', 'i', ARGV[5], 'p', previous, 't', ARGV[14])
end
return 1
