// The part of the store's script that ends runs and keeps leases.

export const ending = `
function ops.mark()
  local id, how, reason, message = ARGV[2], ARGV[4], ARGV[5], ARGV[6]
  local name = locate(id)
  local key = name and at(name, id)
  local token = name and call('GET', key .. ':lock')
  if not token or fence(key) ~= tonumber(ARGV[3]) or not active(name, id) then return false end
  local data = draft(key)
  if how == 'failed' then
    how = call('HGET', key, 'tw:canceling') and 'canceled' or data and begun(key) < data.terms.attempts and 'again' or 'dead'
  end
  if how == 'returned' then call('HSET', key, 'tw:back', call('HGET', key, 'ats'), 'tw:since', text(now))
  elseif how == 'again' then
    call('HSET', key, 'tw:reason', reason, 'tw:message', message, 'tw:since', text(now + tonumber(ARGV[7])))
  else
    call('HSET', key, 'tw:end', how, 'tw:reason', reason, 'tw:message', message)
    -- Before it ends: whoever dies in between, the end will be told.
    if data and data.owner ~= '' then call('ZADD', ends, text(now + tonumber(ARGV[8])), id) end
  end
  return { name, token, how }
end

-- What a hand says is done. BullMQ looks whether the lock is its own (J2). The end and the note that it is to be told are one transaction
-- in Redis' append-only file, in which either both are or neither.
local function done(name, id, token, untold_ms, has_reason, value, machine_ms)
  local code = complete(name, id, token, value, machine_ms)
  if code ~= 0 then return code end
  if has_reason == '1' then call('HDEL', at(name, id), 'tw:reason', 'tw:message') end
  if untold_ms ~= '' then call('ZADD', ends, text(now + untold_ms), id) end
  return 0
end

function ops.done()
  local all = {}
  for n = 3, #ARGV, 6 do
    local ok, code = pcall(done, ARGV[n], ARGV[n + 1], ARGV[n + 2], ARGV[n + 3], ARGV[n + 4], ARGV[n + 5], ARGV[2])
    all[#all + 1] = ok and code or words(code)
  end
  return all
end

function ops.renew()
  local leaseMs, held = tonumber(ARGV[2]), {}
  for n = 3, #ARGV, 2 do
    local id, name = ARGV[n], locate(ARGV[n])
    local key = name and at(name, id)
    local said = 'lost'
    if name and fence(key) == tonumber(ARGV[n + 1]) then
      if call('HEXISTS', key, 'finishedOn') == 1 then
        if call('ZSCORE', ends, id) then
          call('ZADD', ends, text(now + leaseMs), id)
          said = 'held'
        end
      elseif call('PEXPIRE', key .. ':lock', leaseMs) == 1 then
        said = call('HGET', key, 'tw:canceling') and 'canceling' or 'held'
      end
    end
    held[#held + 1] = said
  end
  return held
end

function ops.told()
  local all = {}
  for n = 2, #ARGV, 2 do
    local id, has = ARGV[n], {}
    for _, name in ipairs(queues()) do
      has = call('HMGET', at(name, id), 'finishedOn', 'tw:end', 'failedReason', 'ats', 'tw:turn')
      if has[1] then break end
    end
    local is_its_own = has[1] and (tonumber(has[4] or '0') or 0) + (tonumber(has[5] or '0') or 0) == tonumber(ARGV[n + 1])
    all[#all + 1] = is_its_own and call('ZREM', ends, id) == 1 and ended_as(has[2], has[3])
  end
  return all
end
`;
