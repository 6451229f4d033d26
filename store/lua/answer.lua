-- Keeps what vantages saw of sites that people asked to have checked.
-- KEYS the check of each result's site
-- ARGV[1] now in ms since 1970, ARGV[2] the most vantages of one check, and then
-- for each key the vantage and the result
-- Returns for each key 1 when the result is kept, 0 when nobody asked for it.
local taken = {}
for i, key in ipairs(KEYS) do
  local field, result = 'v:' .. ARGV[2 * i + 1], ARGV[2 * i + 2]
  local wanted = tonumber(redis.call('HGET', key, 'until') or '0') > tonumber(ARGV[1])
  local room = redis.call('HEXISTS', key, field) == 1 or redis.call('HLEN', key) < 3 + tonumber(ARGV[2])
  if wanted and room then
    redis.call('HSET', key, field, result)
    taken[i] = 1
  else
    taken[i] = 0
  end
end
return taken
