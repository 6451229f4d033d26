-- Queues deliveries and moves the position behind the change that they tell of.
-- KEYS[1] fence, KEYS[2] position, KEYS[3] due, KEYS[4] deliveries
-- ARGV[1] fence, ARGV[2] position or an empty string, ARGV[3] at most how many
-- wait, then for each: id, when it is due in ms since 1970, what it is
-- Returns how many were left out for want of room.
if not leads() then return redis.error_reply(NOT_LEADER) end
local left = 0
for i = 4, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[4], ARGV[i]) == 0 then
    if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[3]) then
      left = left + 1
    else
      redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 2])
      redis.call('ZADD', KEYS[3], ARGV[i + 1], ARGV[i])
    end
  end
end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2]) end
return left
