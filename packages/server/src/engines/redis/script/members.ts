// The script's part on members, in Lua: a hash per channel, each entry under the name of its node, and the nodes' leases.

export const members = `
local lease_ms = 30000
-- Of a channel that nobody enters; every node with a member touches it more often.
local members_ms = 10800000

local function must_be(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end

local ops = {}

-- KEYS: lane, idle, announcements, lease. ARGV: op, fresh, fenced, node, milliseconds. Answers the fence, or 0.
function ops.take()
  must_be(KEYS[4], 'hash')
  local held = redis.call('HMGET', KEYS[4], 'node', 'fence', 'till')
  local fence, till = whole(held[2]), whole(held[3])
  local is_over = not held[1] or not fence or not till or till <= now
  if not is_over and held[1] ~= ARGV[4] then return '0' end
  -- One that was lost in between may have been another's: who took it for its own is refused from here on.
  if is_over then fence = tonumber(now) * 1000 + (fence and fence % 1000 + 1 or 0) % 1000 end
  redis.call('HSET', KEYS[4], 'node', ARGV[4], 'fence', text_of(fence), 'till', text_of(now + ARGV[5]))
  redis.call('PEXPIRE', KEYS[4], members_ms)
  return text_of(fence)
end

function ops.release()
  must_be(KEYS[4], 'hash')
  if redis.call('HGET', KEYS[4], 'node') == ARGV[4] then redis.call('HSET', KEYS[4], 'till', '0') end
  return 1
end

-- KEYS: lane, idle, announcements, members. ARGV: op, fresh, fenced, channel name, node, session, member.
function ops.enter()
  must_be(KEYS[4], 'hash')
  redis.call('HSET', KEYS[4], ARGV[6], ARGV[5] .. ' ' .. ARGV[7])
  redis.call('PEXPIRE', KEYS[4], members_ms)
  announce('m', '-', ARGV[4], '+' .. ARGV[5] .. ' ' .. ARGV[7])
  return 1
end

-- The same without a member. What another node says of the session stays.
function ops.leave()
  must_be(KEYS[4], 'hash')
  local known = redis.call('HGET', KEYS[4], ARGV[6])
  if known and string.match(known, '^(%S+) ') == ARGV[5] then redis.call('HDEL', KEYS[4], ARGV[6]) end
  announce('m', '-', ARGV[4], '-' .. ARGV[5] .. ' ' .. ARGV[6])
  return 1
end

-- Answers where the lane's counter stands, and all entries.
function ops.who()
  must_be(KEYS[4], 'hash')
  local answer = redis.call('HGETALL', KEYS[4])
  table.insert(answer, 1, text_of(lane.n))
  return answer
end

-- Forgets what a node said that is no more. ARGV: op, fresh, fenced, channel name, node.
function ops.bury()
  must_be(KEYS[4], 'hash')
  local all = redis.call('HGETALL', KEYS[4])
  for index = 1, #all, 2 do
    if string.match(all[index + 1], '^(%S+) ') == ARGV[5] then redis.call('HDEL', KEYS[4], all[index]) end
  end
  return 1
end

function ops.touch() return redis.call('PEXPIRE', KEYS[4], members_ms) end

-- KEYS: lane, idle, announcements, nodes. ARGV: op, fresh, fenced, node.
function ops.resign() return redis.call('ZREM', KEYS[4], ARGV[4]) end

-- KEYS: lane, idle, announcements, nodes. ARGV: op, fresh, fenced, node. Answers whether the lease had been lost, and
-- who has one.
function ops.lease()
  must_be(KEYS[4], 'zset')
  local before = redis.call('ZSCORE', KEYS[4], ARGV[4])
  redis.call('ZADD', KEYS[4], text_of(now + lease_ms), ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', '(' .. text_of(now))
  local answer = redis.call('ZRANGE', KEYS[4], 0, -1)
  table.insert(answer, 1, before and tonumber(before) >= now and '0' or '1')
  return answer
end
`;
