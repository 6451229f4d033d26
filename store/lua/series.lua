-- Writes steps of several series. The values are absolute: again changes nothing.
-- KEYS[1] fence, then one hash a series and stretch of time
-- ARGV[1] fence, then for each hash: its time to live in ms, how many
-- arguments follow for it, and these: fields and values in turns
-- Returns how many hashes were written.
if not leads() then return redis.error_reply(NOT_LEADER) end
local at = 2
for i = 2, #KEYS do
  local n = tonumber(ARGV[at + 1])
  redis.call('HSET', KEYS[i], unpack(ARGV, at + 2, at + 1 + n))
  redis.call('PEXPIRE', KEYS[i], ARGV[at])
  at = at + 2 + n
end
return #KEYS - 1
