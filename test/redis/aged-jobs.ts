// The time of a BullMQ store for tests: nothing can move Redis' clock, so everything it keeps is made older instead.
import type { RedisServer } from "../services/redis.ts";

/** What was touched here ends so much later in truth, so that it ends by this clock alone. */
const heldMs = 60_000;

const script = `
local ms, held = tonumber(ARGV[2]), ${heldMs}
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
-- What is left of a time by this clock. Leases and delays are whole seconds; what has passed in truth since is none of the test's.
local function left(name, real)
  local known = redis.call('HGET', 'aged:left', name)
  local before = real > held / 2 and known and tonumber(known) or math.ceil(real / 1000) * 1000
  redis.call('HSET', 'aged:left', name, before - ms)
  return before - ms
end
local function earlier(due) return '"dueMs":' .. string.format('%.0f', due - ms) end
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local last = string.match(key, ':([^:]*)$')
  if last == 'lock' then
    local rest = left(key .. redis.call('GET', key), redis.call('PTTL', key))
    if rest <= 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, rest + held) end
  elseif last == 'swept' then redis.call('DEL', key)
  elseif last == 'delayed' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      local rest = left(key .. id, redis.call('ZSCORE', key, id) / 4096 - now)
      redis.call('ZADD', key, math.floor(now + (rest <= 0 and -1 or rest + held)) * 4096, id)
    end
  elseif last == 'ends' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms, id) end
  elseif string.match(last, '^j') and redis.call('TYPE', key).ok == 'hash' then
    if redis.call('HEXISTS', key, 'tw:since') == 1 then redis.call('HINCRBYFLOAT', key, 'tw:since', -ms) end
    local data = redis.call('HGET', key, 'data')
    if data then redis.call('HSET', key, 'data', (string.gsub(data, '"dueMs":(%d%d+)', earlier))) end
  elseif last == 'arrivals' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms * 1000, id) end
  end
end`;

/** As if `ms` milliseconds more had passed since anything was written under the prefix. */
export async function age(server: RedisServer, prefix: string, ms: number): Promise<void> {
  await server.ask("EVAL", script, "0", prefix, `${ms}`);
}
