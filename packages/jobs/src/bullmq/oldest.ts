// For how long the oldest job of each queue has waited, as one script that reads a few jobs of each, however many wait.
import type { Send } from "./script.ts";

/**
 * KEYS[1] is the prefix. Within a priority, whoever came first stands first; what a worker gave back or left behind stands before all
 * of them (BullMQ's `pushBackJobWithPriority`), as many as workers had hands, and of those the first hundred are looked at. So each
 * priority that is there, of 2,001, is asked for its first. `tw:since` is from when a job may be tried again.
 */
const source = `
local prefix, call = KEYS[1], redis.call
local time = call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local step = 4294967296
local function since(queue, id)
  local has = call('HMGET', prefix .. ':' .. queue .. ':' .. id, 'data', 'tw:since')
  local ok, data = pcall(cjson.decode, has[1] or '')
  local due = ok and type(data) == 'table' and tonumber(data.dueMs) or 0
  local arrived = tonumber(call('ZSCORE', prefix .. ':~:arrivals', id) or '0') / 1000
  return math.max(arrived, due, tonumber(has[2] or '0') or 0)
end
local function oldest(queue)
  local delayed, prioritized = prefix .. ':' .. queue .. ':delayed', prefix .. ':' .. queue .. ':prioritized'
  local first = now
  local function note(key, from, to, limit)
    for _, id in ipairs(call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, limit)) do
      local at = since(queue, id)
      if at > 0 then first = math.min(first, at) end
    end
  end
  -- What is due stands there until a worker looks.
  note(delayed, 0, (math.floor(now) + 1) * 4096 - 1, 1)
  local head = call('ZRANGE', prioritized, 0, 0, 'WITHSCORES')
  -- Others can write there: whatever the scores are, it ends.
  for _ = 1, 2001 do
    if not head[2] then break end
    local priority = math.floor(tonumber(head[2]) / step) * step
    note(prioritized, priority, priority, 100)
    note(prioritized, priority + 1, priority + step - 1, 1)
    head = call('ZRANGEBYSCORE', prioritized, priority + step, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  end
  return math.floor(now - first)
end
local all = {}
for _, queue in ipairs(call('SMEMBERS', prefix .. ':~:names')) do
  all[#all + 1] = queue
  all[#all + 1] = oldest(queue)
end
return all
`;

/** @returns By queue, in milliseconds; 0 where nothing waits that could begin. */
export async function oldestWaiting(send: Send, prefix: string): Promise<ReadonlyMap<string, number>> {
  const answer = (await send(["EVAL", source, "1", prefix])) as readonly (string | number)[];
  const all = new Map<string, number>();
  for (let n = 0; n + 1 < answer.length; n += 2) all.set(String(answer[n]), Number(answer[n + 1]));
  return all;
}
