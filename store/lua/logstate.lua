-- Tells where the log begins, and whether an entry that was read is still in it.
-- KEYS[1] log, KEYS[2] floor
-- ARGV[1] the entry's position, ARGV[2] how many of its first bytes to return
-- Returns the floor or an empty string, 1 or 0, and those bytes.
local floor = redis.call('GET', KEYS[2]) or ''
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1], 'COUNT', 1)[1]
if not entry then return {floor, 0, ''} end
return {floor, 1, string.sub(entry[2][2], 1, tonumber(ARGV[2]))}
