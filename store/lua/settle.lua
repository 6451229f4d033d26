-- Adds what was spent of each quota (GCRA), as far as there is room. A quota of which
-- nothing is used is not kept.
-- KEYS[i] when quota i will be unused, in microseconds of the server's clock
-- ARGV[3i-2] how many it allows at once, ARGV[3i-1] microseconds until one more,
-- ARGV[3i] how many were spent
-- Returns of each quota the microseconds until nothing of it is used, and how many there
-- was no room for.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local out = {}
for i, key in ipairs(KEYS) do
  local burst, interval, spent = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local unused = math.max(now, tonumber(redis.call('GET', key) or now))
  local room = math.floor((now + burst * interval - unused) / interval)
  local added = math.max(0, math.min(spent, room))
  if added > 0 then
    unused = unused + added * interval
    redis.call('SET', key, string.format('%.0f', unused), 'PX', math.ceil((unused - now) / 1000))
  end
  out[2 * i - 1], out[2 * i] = unused - now, spent - added
end
return out
