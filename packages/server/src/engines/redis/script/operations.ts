// The script's end, in Lua: what a node may ask of a lane, by name, and what is done about keys that others wrote to.

export const operations = `
local key_window = 300000
local idle_ms = 86400000

local function channel_keys(from)
  return { channel = KEYS[from], log = KEYS[from + 1], slots = KEYS[from + 2], versions = KEYS[from + 3], removals = KEYS[from + 4] }
end

local function delete_kept(keys) redis.call('DEL', keys.log, keys.slots, keys.versions, keys.removals) end

local function start_anew(keys, channel, name)
  delete_kept(keys)
  local anew = unwritten(fresh)
  anew.origin, anew.due, anew.at = channel.origin, channel.due, math.max(now, channel.at)
  save_channel(keys.channel, anew)
  announce('c', epoch_of(anew), name, '')
  anew.is_new = false
  return anew
end

-- When somebody next looks what of the channel has expired; the zset is written once in that time, not at each publish.
local function look_again(keys, channel, name)
  local due = now + math.max(channel.ttl, 30000)
  if channel.due > now and channel.due <= due then return end
  channel.due = due
  redis.call('ZADD', idle_key, text_of(channel.due), name)
end

local function known_publish(key, digest)
  if key == '' then return nil end
  local first = redis.pcall('GET', key)
  if type(first) == 'table' then redis.call('DEL', key) return nil end
  local at, known, answer = string.match(first or '', '^(%d+) (%S+) (.*)$')
  if not at or now - tonumber(at) >= key_window then return nil end
  if known ~= digest then return { '-', 'conflict' } end
  local epoch, offset, id, previous, made = string.match(answer, '^(%S+) (%d+) (%S+) (%S+) (%d+)$')
  if not epoch then return nil end
  return { '=', epoch, offset, id, previous, made }
end

local function remember(key, digest, answer)
  if key == '' then return end
  redis.call('SET', key, text_of(now) .. ' ' .. digest .. ' ' .. table.concat(answer, ' '), 'PX', key_window)
end

local ops = {}

-- KEYS: lane, idle, announcements, channel, log, slots, versions, removals, idempotency key or the channel again, lease.
-- ARGV: op, fresh, fenced, kind, channel name, id, made, head, data, digest, size, ttl, table's key, table's bytes, fence.
function ops.publish()
  local keys, kind, name = channel_keys(4), ARGV[4], ARGV[5]
  local draft = { id = ARGV[6], head = ARGV[8], data = ARGV[9], size = tonumber(ARGV[11]), ttl = tonumber(ARGV[12]),
    key = ARGV[13], bytes = tonumber(ARGV[14]), is_removal = kind == 'remove' }
  local digest = ARGV[10]
  local known_as = digest ~= '' and KEYS[9] or ''
  local known = known_publish(known_as, digest)
  if known then return known end
  if ARGV[15] ~= '' then
    local held = redis.pcall('HMGET', KEYS[10], 'fence', 'till')
    local till = not held.err and whole(held[2])
    if held[1] ~= ARGV[15] or not till or till <= now then return { '-', 'fenced' } end
  end
  local channel = load_channel(keys.channel)
  if kind == 'pass' then
    remember(known_as, digest, { epoch_of(channel), '0', draft.id, '-', ARGV[7] })
    announce('e', epoch_of(channel), name, record_of(0, '-', now, draft.head, draft.data))
    return { '+', epoch_of(channel), '0', '-' }
  end
  local wanted = kind == 'append' and 'log' or 'table'
  if draft.is_removal then
    local has_value = channel.kind == 'table' and redis.call('HEXISTS', keys.slots, draft.key) == 1
      and not redis.call('ZSCORE', keys.removals, draft.key)
    if not has_value then return { '0', epoch_of(channel), text_of(channel.top) } end
  elseif channel.kind ~= wanted and channel.top > 0 then
    -- What was kept in the other way is not mixed with what follows.
    channel = start_anew(keys, channel, name)
  end
  local offset, previous, record
  if wanted == 'table' then
    local excess = not draft.is_removal and excess_of(keys, channel, draft)
    if excess then return { '-', 'full', excess[1], excess[2], excess[3], excess[4] } end
    channel.kind = wanted
    offset, previous, record = put_slot(keys, channel, draft)
  else
    channel.kind = wanted
    offset, previous, record = append_to_log(keys, channel, draft)
  end
  look_again(keys, channel, name)
  save_channel(keys.channel, channel)
  remember(known_as, digest, { epoch_of(channel), text_of(offset), draft.id, previous, ARGV[7] })
  announce('p', epoch_of(channel), name, record)
  return { '+', epoch_of(channel), text_of(offset), previous }
end

-- ARGV: op, fresh, fenced, channel name.
function ops.clear()
  local keys = channel_keys(4)
  local channel = load_channel(keys.channel)
  look_again(keys, channel, ARGV[4])
  return { '0', epoch_of(start_anew(keys, channel, ARGV[4])), '0' }
end

-- ARGV: op, fresh, fenced, channel name, start, its epoch, its offset, publications, bytes.
function ops.read()
  local keys, start, epoch, place = channel_keys(4), ARGV[5], ARGV[6], tonumber(ARGV[7])
  local limit = { publications = tonumber(ARGV[8]), bytes = tonumber(ARGV[9]) }
  local channel = load_channel(keys.channel)
  local current = epoch_of(channel)
  if channel.top == 0 then return { current, '0', '0', '0', {} } end
  local is_table = channel.kind == 'table'
  local floor = is_table and table_floor(keys, channel) or log_floor(keys.log, channel)
  local head = { current, text_of(channel.top), text_of(floor) }
  local is_placed = start == 'after' or start == 'before'
  if is_placed and epoch ~= current then return { head[1], head[2], head[3], '0', {} } end
  local range = { after = is_table and 0 or floor, up_to = channel.top, floor = floor,
    from_end = start == 'newest' or start == 'before' }
  if start == 'after' then range.after = math.max(range.after, place) end
  if start == 'before' then range.up_to = math.min(range.up_to, place - 1) end
  local found, more
  if is_table then found, more = table_page(keys, range, limit) else found, more = log_page(keys.log, range, limit) end
  return { head[1], head[2], head[3], more and '1' or '0', found }
end

-- KEYS: lane, idle, announcements, channels … Answers the epoch and the offset of each.
function ops.tops()
  local tops = {}
  for index = 4, #KEYS do
    local ok, channel = pcall(load_channel, KEYS[index])
    if not ok then
      redis.call('DEL', KEYS[index])
      channel = unwritten(fresh)
      channel.at = now
      save_channel(KEYS[index], channel)
    end
    tops[#tops + 1] = epoch_of(channel)
    tops[#tops + 1] = text_of(channel.top)
  end
  return tops
end

-- Says to whoever listens to the lane where its counter stands.
function ops.beacon()
  redis.call('SPUBLISH', lane_name, 'b ' .. lane.gen .. ' ' .. text_of(lane.n) .. ' - 0\\n')
  return 1
end

-- The names of channels that are to be visited. ARGV: op, fresh, fenced, how many at most.
function ops.due()
  local names = redis.pcall('ZRANGE', idle_key, '-inf', text_of(now), 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[4]))
  if not names.err then return names end
  redis.call('DEL', idle_key)
  return {}
end

-- Lets go of what has expired in a channel, and of the channel itself when nobody wrote to it for long.
-- ARGV: op, fresh, fenced, channel name.
function ops.visit()
  local keys, name = channel_keys(4), ARGV[4]
  local channel = load_channel(keys.channel)
  if channel.is_new then
    redis.call('ZREM', idle_key, name)
    delete_kept(keys)
    return 0
  end
  local is_table = channel.kind == 'table'
  if is_table then trim_removals(keys, channel) else channel.floor = log_floor(keys.log, channel) end
  local holds = not is_table and channel.floor < channel.top or (is_table and redis.call('HLEN', keys.slots) > 0)
  local forget_at = channel.at + math.max(idle_ms, 10 * channel.ttl)
  if not holds and now >= forget_at then
    redis.call('ZREM', idle_key, name)
    delete_kept(keys)
    redis.call('DEL', keys.channel)
    -- The channel falls back to the lane's epoch, which therefore has to be one that it never had (S1).
    if channel.origin == lane.base then redis.call('HSET', lane_key, 'base', fresh) end
    return 1
  end
  if not is_table then redis.call('XTRIM', keys.log, 'MINID', text_of(channel.floor + 1)) end
  -- Values of a table do not expire.
  local expires = not is_table and holds or (is_table and redis.call('ZCARD', keys.removals) > 0)
  channel.due = now + math.max(channel.ttl, 30000)
  if not expires then channel.due = math.max(channel.due, holds and now + idle_ms or forget_at) end
  redis.call('ZADD', idle_key, text_of(channel.due), name)
  save_channel(keys.channel, channel)
  return 0
end

local function obey() return (ops[op] or member_ops[op] or damaged)('operation') end

local ok, answer = pcall(obey)
if ok then return answer end
local reason = type(answer) == 'table' and answer.err or tostring(answer)
local is_damage = string.find(reason, 'WRONGTYPE', 1, true) or string.find(reason, 'TIDE damaged', 1, true)
  or string.find(reason, 'equal or smaller', 1, true)
if not is_damage or op == 'tops' or #KEYS < 8 then return redis.error_reply(reason) end
for index = 4, 8 do redis.call('DEL', KEYS[index]) end
if #KEYS > 8 then redis.call('DEL', KEYS[9]) end
if redis.call('TYPE', idle_key).ok ~= 'zset' then redis.call('DEL', idle_key) end
local known, name = channel_keys(4), op == 'publish' and ARGV[5] or ARGV[4]
start_anew(known, unwritten(fresh), name)
return obey()
`;
