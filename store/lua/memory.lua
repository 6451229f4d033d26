-- Tells how much memory the server of the log uses, and how much it may.
-- KEYS[1] log, so that in a cluster the right server answers
-- Returns the section memory of INFO.
return redis.call('INFO', 'memory')
