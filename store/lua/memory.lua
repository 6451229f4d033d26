-- Tells how much memory the server of the log uses, how much it may, and whether it writes to disk
-- KEYS[1] log, so that in a cluster the right server answers
-- Returns the sections memory and persistence of INFO.
return redis.call('INFO', 'memory') .. redis.call('INFO', 'persistence')
