-- In front of every script that only the leader may run.
-- KEYS[1] the newest fence ever given; ARGV[1] the caller's.
-- leads() is false once a newer leader has been given a fence.
local function leads() return redis.call('GET', KEYS[1]) == ARGV[1] end
local NOT_LEADER = 'NOTLEADER a newer fence was given'

