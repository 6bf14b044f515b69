// What BullMQ has no command for, as one script beside its own: who holds a job, leases that are over, ends that are not told.
import { createHash } from "node:crypto";

/**
 * It reads and writes the keys of BullMQ 6, and adds to a job's hash fields that begin with `tw:`. KEYS[1] is the prefix, ARGV[1]
 * the operation. The fence of a hand is BullMQ's count of starts (`ats`) and the turns beside them; time is Redis' own.
 */
const source = `
local prefix, op = KEYS[1], ARGV[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local names, arrivals, ends = prefix .. ':~:names', prefix .. ':~:arrivals', prefix .. ':~:ends'
local function at(name, rest) return prefix .. ':' .. name .. ':' .. rest end
local function text(n) return string.format('%.3f', n) end
local function number(key, field) return tonumber(call('HGET', key, field) or '0') or 0 end
local function locate(id)
  for _, name in ipairs(call('SMEMBERS', names)) do
    if call('EXISTS', at(name, id)) == 1 then return name end
  end
end
local function fence(key) return number(key, 'ats') + number(key, 'tw:turn') end
local function begun(key) return number(key, 'ats') - number(key, 'tw:free') end
local function active(name, id) return call('LPOS', at(name, 'active'), id) end
local function draft(key)
  local ok, data = pcall(cjson.decode, call('HGET', key, 'data') or '')
  if ok and type(data) == 'table' and type(data.input) == 'string' and type(data.owner) == 'string'
    and type(data.terms) == 'table' and type(data.terms.attempts) == 'number' then return data end
end
local function state(name, id)
  local key = at(name, id)
  if call('HEXISTS', key, 'finishedOn') == 1 then
    local how = call('HGET', key, 'tw:end')
    if how and how ~= '' then return how end
    return call('HEXISTS', key, 'failedReason') == 1 and 'dead' or 'done'
  end
  return active(name, id) and 'running' or 'waiting'
end
local function finish(name, id, how, reason, message)
  local key, data = at(name, id), draft(at(name, id))
  call('ZREM', at(name, 'prioritized'), id)
  call('ZREM', at(name, 'delayed'), id)
  call('LREM', at(name, 'wait'), 1, id)
  call('LREM', at(name, 'active'), 1, id)
  call('SREM', at(name, 'stalled'), id)
  call('DEL', key .. ':lock')
  call('HINCRBY', key, 'tw:turn', 1)
  call('HDEL', key, 'tw:canceling')
  call('HSET', key, 'finishedOn', math.floor(now), 'tw:end', how, 'tw:reason', reason, 'tw:message', message)
  if how == 'dead' then call('HSET', key, 'failedReason', message) end
  call('ZADD', at(name, how == 'dead' and 'failed' or 'completed'), math.floor(now), id)
  if data and data.owner ~= '' then call('ZADD', ends, text(now), id) end
  local de = call('HGET', key, 'deid')
  if de and call('PTTL', at(name, 'de:' .. de)) == -1 and call('GET', at(name, 'de:' .. de)) == id then
    call('DEL', at(name, 'de:' .. de))
  end
end

local function described(name, id)
  local key = at(name, id)
  return { name, id, state(name, id), fence(key), begun(key), call('ZSCORE', arrivals, id) or '0', call('HGETALL', key) }
end

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
          call('SREM', at(name, 'stalled'), id)
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

if op == 'arrive' then
  local top = call('ZRANGE', arrivals, -1, -1, 'WITHSCORES')
  local place = math.max(now * 1000, tonumber(top[2] or '0'))
  for n = 2, #ARGV, 2 do
    call('SADD', names, ARGV[n])
    place = place + 1
    call('ZADD', arrivals, 'NX', string.format('%.0f', place), ARGV[n + 1])
  end
  return 1
elseif op == 'look' then
  local runs, endings, leaseMs = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  local wanted, refused = {}, {}
  for n = 5, #ARGV do wanted[#wanted + 1] = ARGV[n] end
  sweep(refused)
  return { runs > 0 and heads(wanted, runs) or {}, endings > 0 and untold(endings, leaseMs) or {}, refused }
elseif op == 'begin' then
  local leaseMs, all = ARGV[2], {}
  for n = 3, #ARGV, 3 do
    local name, id, token = ARGV[n], ARGV[n + 1], ARGV[n + 2]
    local key = at(name, id)
    if call('GET', key .. ':lock') ~= token then all[#all + 1] = false
    else
      if number(key, 'tw:back') > 0 and number(key, 'tw:back') == number(key, 'ats') - 1 then call('HINCRBY', key, 'tw:free', 1) end
      call('HDEL', key, 'tw:back', 'tw:end')
      call('HSET', key, 'tw:lease', leaseMs)
      all[#all + 1] = described(name, id)
    end
  end
  return all
elseif op == 'spoil' then
  local name, token = ARGV[2], ARGV[3]
  for _, id in ipairs(call('LRANGE', at(name, 'active'), 0, -1)) do
    if call('GET', at(name, id) .. ':lock') == token then
      finish(name, id, 'dead', 'malformed', 'its data cannot be read')
      call('ZREM', ends, id)
      return id .. ': its data cannot be read'
    end
  end
  return false
elseif op == 'mark' then
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
elseif op == 'renew' then
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
elseif op == 'told' then
  local all = {}
  for n = 2, #ARGV, 2 do
    local id, name = ARGV[n], locate(ARGV[n])
    local is_its_own = name and fence(at(name, id)) == tonumber(ARGV[n + 1]) and call('HEXISTS', at(name, id), 'finishedOn') == 1
    all[#all + 1] = is_its_own and call('ZREM', ends, id) == 1 and state(name, id)
  end
  return all
elseif op == 'cancel' then
  local id, name = ARGV[2], locate(ARGV[2])
  if not name then return 0 end
  local now_is = state(name, id)
  if now_is == 'running' then call('HSET', at(name, id), 'tw:canceling', 1)
  elseif now_is == 'waiting' then finish(name, id, 'canceled', '', '')
  else return 0 end
  return 1
elseif op == 'replay' then
  local id, name = ARGV[2], locate(ARGV[2])
  local key = name and at(name, id)
  if not name or not call('ZSCORE', at(name, 'failed'), id) or not draft(key) then return false end
  call('HINCRBY', key, 'tw:turn', 1)
  call('HSET', key, 'tw:free', number(key, 'ats'), 'tw:since', text(now))
  call('HDEL', key, 'tw:reason', 'tw:message', 'tw:canceling')
  call('ZREM', ends, id)
  return name
elseif op == 'read' then
  local name = locate(ARGV[2])
  return name and { described(name, ARGV[2]) } or {}
elseif op == 'counts' then
  local all = {}
  for _, name in ipairs(call('SMEMBERS', names)) do
    local waiting = call('LLEN', at(name, 'wait')) + call('ZCARD', at(name, 'prioritized')) + call('ZCARD', at(name, 'delayed'))
    all[#all + 1] = { name, waiting, call('LLEN', at(name, 'active')), call('ZCARD', at(name, 'failed')) }
  end
  return all
elseif op == 'page' then
  local wanted, limit, found, last = ARGV[3], tonumber(ARGV[4]), {}, false
  local from = ARGV[2] == '' and '-inf' or ('(' .. (call('ZSCORE', arrivals, ARGV[2]) or '0'))
  for _, id in ipairs(call('ZRANGEBYSCORE', arrivals, from, '+inf', 'LIMIT', 0, 500)) do
    local name = locate(id)
    if name and state(name, id) == wanted then found[#found + 1] = described(name, id) end
    last = id
    if #found >= limit then break end
  end
  return { last, found }
elseif op == 'orphans' then
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
return redis.error_reply('ERR an operation of the job store was expected, got ' .. op)
`;

/**
 * Marks jobs that their hands are about to end as done: who is to be told of them is there before their end is (decision 0038). BullMQ's
 * own commands follow on the same connection without waiting for the answer, so it is sent whole: no server can have forgotten it.
 * KEYS: that of untold ends, and for each job its own, its lock's, its queue's list of active ones. ARGV, for each: its id, its token,
 * its fence, whether it has an owner.
 */
const doneSource = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local function mark(job, lock, active, id, token, fence, has_owner)
  if redis.call('GET', lock) ~= token or not redis.call('LPOS', active, id) then return 0 end
  local has = redis.call('HMGET', job, 'ats', 'tw:turn', 'tw:lease')
  if (tonumber(has[1] or '0') or 0) + (tonumber(has[2] or '0') or 0) ~= tonumber(fence) then return 0 end
  redis.call('HSET', job, 'tw:end', 'done', 'tw:reason', '', 'tw:message', '')
  if has_owner == '1' then
    redis.call('ZADD', KEYS[1], string.format('%.3f', now + (tonumber(has[3] or '0') or 0)), id)
  end
  return 1
end
local all = {}
for n = 0, #ARGV / 4 - 1 do
  local k, a = n * 3 + 2, n * 4 + 1
  all[n + 1] = mark(KEYS[k], KEYS[k + 1], KEYS[k + 2], ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3])
end
return all
`;

/** A job in a hand of this process. */
export interface InHand {
  readonly queue: string;
  readonly key: string;
  readonly token: string;
  readonly fence: number;
  readonly hasOwner: boolean;
}

/** @returns Of each whether it is still in that hand. */
export async function markDone(send: Send, prefix: string, jobs: readonly InHand[]): Promise<readonly boolean[]> {
  const keys = jobs.flatMap(({ queue, key }) => {
    const job = `${prefix}:${queue}:${key}`;
    return [job, `${job}:lock`, `${prefix}:${queue}:active`];
  });
  const given = jobs.flatMap(({ key, token, fence, hasOwner }) => [key, token, String(fence), hasOwner ? "1" : "0"]);
  const counted = String(1 + keys.length);
  const answers = await send(["EVAL", doneSource, counted, `${prefix}:~:ends`, ...keys, ...given]);
  return (answers as readonly unknown[]).map((answer) => answer === 1);
}

/** Sends a command. */
export type Send = (args: readonly string[]) => Promise<unknown>;

const digest = createHash("sha1").update(source).digest("hex");

/** Runs an operation; a server that has forgotten the script is given it again. */
export async function run(send: Send, prefix: string, args: readonly (string | number)[]): Promise<unknown> {
  const given = ["1", prefix, ...args.map(String)];
  try {
    return await send(["EVALSHA", digest, ...given]);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !thrown.message.startsWith("NOSCRIPT")) throw thrown;
    return await send(["EVAL", source, ...given]);
  }
}
