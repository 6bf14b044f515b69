// The part of the store's script that hands out: leases that are over, what is due, ends that are to be told.

export const claiming = `
-- Runs whose lease is over: again, or never again. For all workers together five times a second, however many there are.
local function sweep(refused)
  if not call('SET', prefix .. ':~:swept', '1', 'NX', 'PX', 200) then return end
  for _, name in ipairs(call('SMEMBERS', names)) do
    for _, id in ipairs(call('LRANGE', at(name, 'active'), 0, -1)) do
      local key = at(name, id)
      if call('EXISTS', key .. ':lock') == 0 then
        local data = draft(key)
        if call('EXISTS', key) == 0 then call('LREM', at(name, 'active'), 1, id)
        elseif not data then
          finish(name, id, 'dead', 'malformed', 'its data cannot be read')
          refused[#refused + 1] = id .. ': its data cannot be read'
        elseif call('HGET', key, 'tw:canceling') then finish(name, id, 'canceled', '', '')
        elseif begun(key) >= data.terms.attempts then
          finish(name, id, 'dead', 'lost', 'the worker that had it is gone, and it was its last attempt')
        else
          call('LREM', at(name, 'active'), 1, id)
          call('HSET', key, 'tw:since', text(now))
          call('ZADD', at(name, 'prioritized'), number(key, 'priority') * 4294967296, id)
        end
      end
    end
  end
end

-- What is due under these names: by priority, then in the order of arrival.
local function heads(wanted, limit)
  local found = {}
  local function note(name, ids)
    for _, id in ipairs(ids) do
      local place = tonumber(call('ZSCORE', arrivals, id) or '0')
      found[#found + 1] = { name, number(at(name, id), 'priority'), place }
    end
  end
  for _, name in ipairs(wanted) do
    note(name, call('ZRANGE', at(name, 'prioritized'), 0, limit - 1))
    note(name, call('ZRANGEBYSCORE', at(name, 'delayed'), 0, (math.floor(now) + 1) * 4096 - 1, 'LIMIT', 0, limit))
  end
  table.sort(found, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  local taken = {}
  for n = 1, math.min(limit, #found) do taken[n] = found[n][1] end
  return taken
end

local function untold(limit, leaseMs)
  local told = {}
  for _, id in ipairs(call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, limit)) do
    local name = locate(id)
    if not name then call('ZREM', ends, id)
    else
      call('ZADD', ends, text(now + leaseMs), id)
      if call('HEXISTS', at(name, id), 'finishedOn') == 1 then told[#told + 1] = described(name, id) end
    end
  end
  table.sort(told, function(a, b) return tonumber(a[6]) < tonumber(b[6]) end)
  return told
end

-- BullMQ has handed it out: whose it is now, and what it is.
local function take(name, machine_ms, options)
  local fields, id = hand_out(name, machine_ms, options)
  if not fields then return nil end
  local key, has = at(name, id), {}
  for n = 1, #fields, 2 do has[fields[n]] = fields[n + 1] end
  local function count(field) return tonumber(has[field] or '0') or 0 end
  local free = count('tw:free')
  if count('tw:back') > 0 then free = call('HINCRBY', key, 'tw:free', 1) end
  -- An end that is done says nothing of how: what is left of another one would be taken for it.
  if has['tw:back'] or has['tw:end'] or has.failedReason then call('HDEL', key, 'tw:back', 'tw:end', 'failedReason') end
  local fence, attempt, why = count('ats') + count('tw:turn'), count('ats') - free, has['tw:reason'] and 1 or 0
  local place = call('ZSCORE', arrivals, id) or '0'
  return { name, id, fence, attempt, place, why, has.opts or '', has.data or '' }
end

function ops.claim()
  local runs, endings, lease_ms, machine_ms, token = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
  local wanted, refused, taken, options = {}, {}, {}, hand_out_options(token, lease_ms)
  local problem
  for n = 7, #ARGV do wanted[#wanted + 1] = ARGV[n] end
  sweep(refused)
  -- Of a single queue BullMQ knows what comes first.
  local from = #wanted ~= 1 and (runs > 0 and heads(wanted, runs) or {})
  for n = 1, runs do
    local name = from and from[n] or not from and wanted[1]
    if not name then break end
    local ok, one = pcall(take, name, machine_ms, options)
    if not ok then problem = one
    elseif one then taken[#taken + 1] = one
    elseif not from then break end
  end
  local told = endings > 0 and untold(endings, tonumber(lease_ms)) or {}
  if problem and #taken == 0 and #told == 0 then return failed(problem) end
  return { taken, told, refused }
end

function ops.spoil()
  local name, id, token = ARGV[2], ARGV[3], ARGV[4]
  if call('GET', at(name, id) .. ':lock') ~= token then return false end
  finish(name, id, 'dead', 'malformed', 'its data cannot be read')
  call('ZREM', ends, id)
  return id .. ': its data cannot be read'
end
`;
