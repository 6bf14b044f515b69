// The time of a BullMQ store for tests: nothing can move Redis' clock, so everything it keeps is made older instead.
import type { RedisServer } from "../services/redis.ts";

/** A lease that was touched here ends so much later in truth, so that it ends by this clock alone. */
const heldMs = 60_000;

const script = `
local ms, held = tonumber(ARGV[2]), ${heldMs}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
  local last = string.match(key, ':([^:]*)$')
  if last == 'lock' then
    local left = redis.call('PTTL', key)
    if left > held / 2 then left = left - held end
    -- Leases are whole seconds; what has passed in truth since is none of the test's.
    if left > 500 then left = math.ceil(left / 1000) * 1000 end
    if redis.call('HEXISTS', 'aged:left', key .. redis.call('GET', key)) == 1 and redis.call('PTTL', key) > held / 2 then
      left = tonumber(redis.call('HGET', 'aged:left', key .. redis.call('GET', key)))
    end
    left = left - ms
    if left <= 0 then redis.call('DEL', key)
    else
      redis.call('HSET', 'aged:left', key .. redis.call('GET', key), left)
      redis.call('PEXPIRE', key, left + held)
    end
  elseif last == 'swept' then redis.call('DEL', key)
  elseif last == 'delayed' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms * 4096, id) end
  elseif last == 'ends' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms, id) end
  elseif last == 'arrivals' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms * 1000, id) end
  end
end`;

/** As if `ms` milliseconds more had passed since anything was written under the prefix. */
export async function age(server: RedisServer, prefix: string, ms: number): Promise<void> {
  await server.ask("EVAL", script, "0", prefix, `${ms}`);
}
