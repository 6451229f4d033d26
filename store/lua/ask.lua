-- Notes that a person wants a site checked that is not on the map, unless that
-- person's prefix or everybody together has asked for too many in this minute.
-- KEYS[1] asked: sites by until when they are to be checked
-- KEYS[2] how many were asked for in this minute: a field for each prefix, and all
-- KEYS[3] the site's check: id, asked, until, and a field v:VANTAGE for each result
-- ARGV[1] site, ARGV[2] now in ms since 1970, ARGV[3] until when in ms,
-- ARGV[4] the most of a minute, ARGV[5] the most at one time,
-- ARGV[6] the prefix, ARGV[7] the most of one prefix in a minute,
-- ARGV[8] an id for a new check, ARGV[9] how long it is kept in ms
-- Returns the id, or 'prefix' or 'all' when that limit is reached.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local prefix = 'p:' .. ARGV[6]
if tonumber(redis.call('HGET', KEYS[2], prefix) or '0') >= tonumber(ARGV[7]) then return 'prefix' end
local id = redis.call('HGET', KEYS[3], 'id')
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  local all = tonumber(redis.call('HGET', KEYS[2], 'all') or '0')
  if all >= tonumber(ARGV[4]) or redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then return 'all' end
  redis.call('HINCRBY', KEYS[2], 'all', 1)
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], 120000)
  id = id or ARGV[8]
  redis.call('DEL', KEYS[3]) -- results of an earlier request say nothing of now
  redis.call('HSET', KEYS[3], 'id', id, 'asked', ARGV[2], 'until', ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[9])
end
redis.call('HINCRBY', KEYS[2], prefix, 1)
redis.call('PEXPIRE', KEYS[2], 120000)
return id or 'all'
