-- Keeps a signed head of the public record, and as the last one of its day.
-- KEYS[1] record, KEYS[2] heads by day
-- ARGV[1] how many entries it is of, ARGV[2] the head, ARGV[3] its day, and then days to drop
-- Returns 1 when kept, 0 when there is one of at least as many entries.
local have = tonumber(redis.call('HGET', KEYS[1], 'head_size') or '0')
if tonumber(ARGV[1]) <= have then return 0 end
redis.call('HSET', KEYS[1], 'head', ARGV[2], 'head_size', ARGV[1])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[2])
for i = 4, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
return 1
