-- Notes a key that somebody made without the operator, once for each challenge.
-- KEYS[1] keys by subject (JSON with the member expires_ms), KEYS[2] what was made in a day
-- ARGV[1] subject, ARGV[2] the key, ARGV[3] now in ms, ARGV[4] prefix, ARGV[5] challenge,
-- ARGV[6] at most how many keys, ARGV[7] at most how many of a prefix in a day,
-- ARGV[8] at most how many in a day, ARGV[9] ms that the day is kept
-- Returns "made", or what keeps it from being made: spent, prefix, day, all.
if redis.call('HEXISTS', KEYS[2], 'c:' .. ARGV[5]) == 1 then return 'spent' end
local own = tonumber(redis.call('HGET', KEYS[2], 'p:' .. ARGV[4]) or 0)
if own >= tonumber(ARGV[7]) then return 'prefix' end
if tonumber(redis.call('HGET', KEYS[2], 'made') or 0) >= tonumber(ARGV[8]) then return 'day' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local ok, key = pcall(cjson.decode, all[i + 1])
    if not ok or tonumber(key.expires_ms or 0) <= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) end
  end
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return 'all' end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'c:' .. ARGV[5], 1)
redis.call('HINCRBY', KEYS[2], 'p:' .. ARGV[4], 1)
redis.call('HINCRBY', KEYS[2], 'made', 1)
redis.call('PEXPIRE', KEYS[2], ARGV[9])
return 'made'
