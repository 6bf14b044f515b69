// The part of the store's script that adds, looks, and ends without a worker.

export const looking = `
function ops.arrive()
  local top = call('ZRANGE', arrivals, -1, -1, 'WITHSCORES')
  local place = math.max(now * 1000, tonumber(top[2] or '0'))
  for n = 2, #ARGV, 2 do
    call('SADD', names, ARGV[n])
    place = place + 1
    call('ZADD', arrivals, 'NX', string.format('%.0f', place), ARGV[n + 1])
  end
  return 1
end

-- Of each id and mark: whether there is such a job that was added under another one.
function ops.foreign()
  local all = {}
  for n = 2, #ARGV, 2 do
    local name = locate(ARGV[n])
    local data = name and call('HGET', at(name, ARGV[n]), 'data')
    all[#all + 1] = data and not string.find(data, '"mark":"' .. ARGV[n + 1] .. '"', 1, true) and 1 or 0
  end
  return all
end

function ops.cancel()
  local id, name = ARGV[2], locate(ARGV[2])
  if not name then return 0 end
  local now_is = state(name, id)
  if now_is == 'running' then call('HSET', at(name, id), 'tw:canceling', 1)
  elseif now_is == 'waiting' then finish(name, id, 'canceled', '', '')
  else return 0 end
  return 1
end

function ops.replay()
  local id, name = ARGV[2], locate(ARGV[2])
  local key = name and at(name, id)
  if not name or not call('ZSCORE', at(name, 'failed'), id) or not draft(key) then return false end
  call('HINCRBY', key, 'tw:turn', 1)
  call('HSET', key, 'tw:free', number(key, 'ats'), 'tw:since', text(now))
  call('HDEL', key, 'tw:reason', 'tw:message', 'tw:canceling')
  call('ZREM', ends, id)
  return name
end

function ops.read()
  local name = locate(ARGV[2])
  return name and { described(name, ARGV[2]) } or {}
end

function ops.counts()
  local all = {}
  for _, name in ipairs(call('SMEMBERS', names)) do
    local waiting = call('LLEN', at(name, 'wait')) + call('ZCARD', at(name, 'prioritized')) + call('ZCARD', at(name, 'delayed'))
    all[#all + 1] = { name, waiting, call('LLEN', at(name, 'active')), call('ZCARD', at(name, 'failed')) }
  end
  return all
end

function ops.page()
  local wanted, limit, found, last = ARGV[3], tonumber(ARGV[4]), {}, false
  local from = ARGV[2] == '' and '-inf' or ('(' .. (call('ZSCORE', arrivals, ARGV[2]) or '0'))
  for _, id in ipairs(call('ZRANGEBYSCORE', arrivals, from, '+inf', 'LIMIT', 0, 500)) do
    local name = locate(id)
    if name and state(name, id) == wanted then found[#found + 1] = described(name, id) end
    last = id
    if #found >= limit then break end
  end
  return { last, found }
end

function ops.orphans()
  local known, before = {}, now - tonumber(ARGV[2])
  for n = 3, #ARGV do known[ARGV[n]] = true end
  for _, name in ipairs(call('SMEMBERS', names)) do
    if not known[name] then
      local ids = call('ZRANGE', at(name, 'prioritized'), 0, 199)
      for _, id in ipairs(call('ZRANGEBYSCORE', at(name, 'delayed'), 0, before * 4096, 'LIMIT', 0, 200)) do ids[#ids + 1] = id end
      for _, id in ipairs(ids) do
        local data, key = draft(at(name, id)), at(name, id)
        local since = math.max(tonumber(call('ZSCORE', arrivals, id) or '0') / 1000, number(key, 'processedOn'), data and data.dueMs or 0)
        if since <= before then finish(name, id, 'dead', 'unknown_job', 'no worker has a handler for it') end
      end
    end
  end
  -- Arrivals of what was never added, and of what is forgotten.
  for _, id in ipairs(call('ZRANDMEMBER', arrivals, 200)) do
    if tonumber(call('ZSCORE', arrivals, id)) < (now - 3600000) * 1000 and not locate(id) then call('ZREM', arrivals, id) end
  end
  return call('SMEMBERS', names)
end
`;
