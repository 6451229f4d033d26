-- Stores the subscription of a browser. One that is there is replaced and not counted.
-- KEYS[1] subscriptions, KEYS[2] how many were new in a day, by prefix
-- ARGV[1] id, ARGV[2] what it is, ARGV[3] prefix, ARGV[4] at most how many,
-- ARGV[5] at most how many of a prefix in a day, ARGV[6] at most how many in a day,
-- ARGV[7] ms that the day is kept
-- Returns "kept", or what keeps it from being stored: prefix, day, all.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'all' end
  if tonumber(redis.call('HGET', KEYS[2], 'p:' .. ARGV[3]) or 0) >= tonumber(ARGV[5]) then return 'prefix' end
  if tonumber(redis.call('HGET', KEYS[2], 'new') or 0) >= tonumber(ARGV[6]) then return 'day' end
  redis.call('HINCRBY', KEYS[2], 'p:' .. ARGV[3], 1)
  redis.call('HINCRBY', KEYS[2], 'new', 1)
  redis.call('PEXPIRE', KEYS[2], ARGV[7])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 'kept'
