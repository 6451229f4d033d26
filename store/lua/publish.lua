-- Publishes public keys that a node signs or verifies with, and drops those that no node
-- has published for long.
-- KEYS[1] published keys
-- ARGV[1] now in ms since 1970, ARGV[2] what was published before is dropped,
-- ARGV[3] the most, ARGV[4] time to live in ms, and then each key's id and its text
-- Returns how many there was no room for.
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^(%d+) '))
  if not at or at < tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], all[i]) end
end
local left = 0
for i = 5, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[3]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[1] .. ' ' .. ARGV[i + 1])
  else
    left = left + 1
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return left
