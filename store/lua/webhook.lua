-- Stores a webhook unless there are too many others, of all or of one owner.
-- KEYS[1] webhooks
-- ARGV[1] id, ARGV[2] what it is (JSON with the member owner), ARGV[3] at most how many
-- ARGV[4] owner whose others are counted, or empty, ARGV[5] at most how many of that owner
-- Returns 1, 0 when there is no room, or -1 when the owner has as many as one may.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
  if ARGV[4] ~= '' then
    local own = 0
    for _, text in ipairs(redis.call('HVALS', KEYS[1])) do
      local ok, hook = pcall(cjson.decode, text)
      if ok and type(hook) == 'table' and hook.owner == ARGV[4] then own = own + 1 end
    end
    if own >= tonumber(ARGV[5]) then return -1 end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
