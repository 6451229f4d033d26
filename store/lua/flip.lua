-- Makes a complete new generation of chunks the checkpoint, deletes those not kept.
-- KEYS[1] fence, KEYS[2] pointer, KEYS[3] list of older ones, then the new chunks,
-- then the chunks that go
-- ARGV[1] fence, ARGV[2] new generation, ARGV[3] the newest until now or an empty
-- string, ARGV[4] number of new chunks, ARGV[5] and ARGV[6] the two parts of
-- the log position, ARGV[7] SHA-256 of all chunks, ARGV[8] the list of older ones
-- Returns 1.
if not leads() then return redis.error_reply(NOT_LEADER) end
-- A pointer that is no hash names nothing, and gives way.
local old = redis.pcall('HMGET', KEYS[2], 'gen', 'ms', 'seq')
if old.err then
  redis.call('UNLINK', KEYS[2])
  old = {}
end
if old[1] == ARGV[2] then return 1 end
if (old[1] or '') ~= ARGV[3] then return redis.error_reply('FLIPPED another generation came between') end
local ms, seq = tonumber(ARGV[5]), tonumber(ARGV[6])
local oldms, oldseq = tonumber(old[2]) or 0, tonumber(old[3]) or 0
if old[1] and (ms < oldms or (ms == oldms and seq < oldseq)) then
  return redis.error_reply('BACKWARDS the stored checkpoint is newer')
end
local chunks = tonumber(ARGV[4])
for i = 4, 3 + chunks do
  if redis.call('EXISTS', KEYS[i]) == 0 then return redis.error_reply('CHUNKLOST a chunk has expired') end
end
for i = 4, 3 + chunks do redis.call('PERSIST', KEYS[i]) end
redis.call('HSET', KEYS[2], 'gen', ARGV[2], 'chunks', ARGV[4], 'ms', ARGV[5], 'seq', ARGV[6], 'sum', ARGV[7])
redis.call('SET', KEYS[3], ARGV[8])
for i = 4 + chunks, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1
