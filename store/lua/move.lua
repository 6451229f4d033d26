-- Takes incidents that are in a file of the archive out of Redis, and adds the file to the
-- list, unless one of them was given another revision since.
-- KEYS[1] fence, KEYS[2] the proposal, KEYS[3] the archive's files, KEYS[4] index,
-- KEYS[5…] incidents
-- ARGV[1] fence, ARGV[2] the proposal as JSON, ARGV[3] the file's name, ARGV[4] the file's
-- description as JSON, ARGV[5…] of each incident its id and its last revision
-- Returns 1, or 0 if something has changed: then nothing was moved and nothing is proposed.
if not leads() then return redis.error_reply(NOT_LEADER) end
if redis.call('HEXISTS', KEYS[3], ARGV[3]) == 1 then return 1 end -- the answer was lost
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
for i = 5, #KEYS do
  if redis.call('HGET', KEYS[i], 'last') ~= ARGV[5 + 2 * (i - 5) + 1] then
    redis.call('DEL', KEYS[2])
    return 0
  end
end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
for i = 5, #KEYS do
  redis.call('UNLINK', KEYS[i])
  redis.call('ZREM', KEYS[4], ARGV[5 + 2 * (i - 5)])
end
redis.call('DEL', KEYS[2])
return 1
