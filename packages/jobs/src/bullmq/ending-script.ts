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
    if data and data.owner ~= '' then call('ZADD', ends, text(now + number(key, 'tw:lease')), id) end
  end
  return { name, token, how }
end

-- What a hand says is done: who is to be told of it is there before its end is, and BullMQ looks at the token once more (J2).
local function done(name, id, token, has_owner, value, machine_ms)
  local key = at(name, id)
  if call('GET', key .. ':lock') ~= token then return -2 end
  local has = call('HMGET', key, 'tw:lease', 'tw:reason')
  call('HSET', key, 'tw:end', 'done')
  if has[2] then call('HSET', key, 'tw:reason', '', 'tw:message', '') end
  if has_owner == '1' then call('ZADD', ends, text(now + (tonumber(has[1] or '0') or 0)), id) end
  return complete(name, id, token, value, machine_ms)
end

function ops.done()
  local all = {}
  for n = 3, #ARGV, 5 do
    local ok, code = pcall(done, ARGV[n], ARGV[n + 1], ARGV[n + 2], ARGV[n + 3], ARGV[n + 4], ARGV[2])
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
        call('HSET', key, 'tw:lease', leaseMs)
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
    local id, name = ARGV[n], locate(ARGV[n])
    local key = name and at(name, id)
    local has = key and call('HMGET', key, 'finishedOn', 'ats', 'tw:turn') or {}
    local is_its_own = has[1] and (tonumber(has[2] or '0') or 0) + (tonumber(has[3] or '0') or 0) == tonumber(ARGV[n + 1])
    all[#all + 1] = is_its_own and call('ZREM', ends, id) == 1 and state(name, id)
  end
  return all
end
`;
