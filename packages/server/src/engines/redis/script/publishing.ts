// What every publish has in common, in Lua: the key that it is known by, and the fence of its source.

/**
 * KEYS: lane, idle, announcements, channel, log, slots, versions, removals, idempotency key or the channel again, lease.
 * ARGV: op, fresh, fenced, channel name, id, made, head, data, digest, size, ttl, table's key, table's bytes, fence.
 */
export const publishing = `
local key_window = 300000
local name, id, made, head, data, digest = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]

-- What is answered without a publish: it is known by its key, or its source is not the one any more.
local function answer_before()
  if digest ~= '' then
    local first = redis.pcall('GET', KEYS[9])
    if type(first) == 'table' then redis.call('DEL', KEYS[9]) first = '' end
    local at, known, answer = string.match(first or '', '^(%d+) (%S+) (.*)$')
    if at and now - tonumber(at) < key_window then
      if known ~= digest then return { '-', 'conflict' } end
      local epoch, offset, first_id, previous, first_made = string.match(answer, '^(%S+) (%d+) (%S+) (%S+) (%d+)$')
      if epoch then return { '=', epoch, offset, first_id, previous, first_made } end
    end
  end
  if ARGV[14] ~= '' then
    local held = redis.pcall('HMGET', KEYS[10], 'fence', 'till')
    local till = not held.err and whole(held[2])
    if held[1] ~= ARGV[14] or not till or till <= now then return { '-', 'fenced' } end
  end
end

local function remember(epoch, offset, previous)
  local answer = { text_of(now), digest, epoch, offset, id, previous, made }
  redis.call('SET', KEYS[9], table.concat(answer, ' '), 'PX', key_window)
end
`;
