-- In front of every script that only the leader may run.
-- KEYS[1] the newest fence ever given
-- ARGV[1] the caller's, then, where the caller has read of the log, the position of the
-- entry that it read last and the first bytes of that entry, in hexadecimal
-- leads() is false once a newer leader has been given a fence. It is also false where the
-- log, which is beside the fence, has lost that entry: a server without the log's end has
-- taken over, and what the caller concluded from that end must not be written to it.
local function leads()
  local fence, at, head = string.match(ARGV[1], '^(%S+) ?(%S*) ?(%x*)$')
  if redis.call('GET', KEYS[1]) ~= fence then return false end
  if at == '' then return true end
  local log = string.gsub(KEYS[1], 'fence$', 'log')
  local entry = redis.call('XRANGE', log, at, at, 'COUNT', 1)[1]
  if entry then
    local begins = string.gsub(string.sub(entry[2][2], 1, #head / 2), '.', function(c)
      return string.format('%02x', string.byte(c))
    end)
    return begins == head
  end
  local floor = redis.call('GET', log .. ':floor')
  if not floor then return false end
  local ms, seq = string.match(at, '^(%d+)%-(%d+)$')
  local fms, fseq = string.match(floor, '^(%d+)%-(%d+)$')
  ms, seq, fms, fseq = tonumber(ms), tonumber(seq), tonumber(fms), tonumber(fseq)
  return ms < fms or ms == fms and seq <= fseq
end
local NOT_LEADER = 'NOTLEADER a newer fence was given, or the log has lost its end'
