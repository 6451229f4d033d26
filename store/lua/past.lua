-- Tells where the log begins, and whether an entry that was read is still in it.
-- KEYS[1] log, KEYS[2] floor
-- ARGV[1] the entry's position
-- Returns the floor or an empty string, and 1 or 0.
local floor = redis.call('GET', KEYS[2]) or ''
return {floor, #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1], 'COUNT', 1)}
