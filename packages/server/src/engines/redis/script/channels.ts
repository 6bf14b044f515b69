// What a script knows of a channel, in Lua: the fields of its hash, and what begins anew with it.

export const channels = `
local function channel_keys(from)
  return { channel = KEYS[from], log = KEYS[from + 1], slots = KEYS[from + 2], versions = KEYS[from + 3], removals = KEYS[from + 4] }
end

local function unwritten(base)
  return { base = base, top = 0, id = '-', floor = 0, size = 0, ttl = 0, at = 0, kind = 'log', bytes = 0, due = 0, origin = lane.base, is_new = true }
end

local function load_channel(key)
  local found = redis.call('HMGET', key, 'base', 'top', 'id', 'floor', 'size', 'ttl', 'at', 'kind', 'bytes', 'due', 'origin')
  if not found[1] then
    if redis.call('EXISTS', key) == 1 then damaged('channel') end
    return unwritten(lane.base)
  end
  local channel = { base = found[1], top = whole(found[2]), id = found[3], floor = whole(found[4]), size = whole(found[5]),
    ttl = whole(found[6]), at = whole(found[7]), kind = found[8], bytes = whole(found[9]), due = whole(found[10]), origin = found[11] }
  if not (channel.top and channel.floor and channel.size and channel.ttl and channel.at and channel.bytes and channel.due)
    or not (plain(channel.base) and plain(channel.origin) and plain(channel.id))
    or channel.kind ~= 'log' and channel.kind ~= 'table'
    or channel.floor > channel.top or channel.top >= max_whole then damaged('channel') end
  return channel
end

local function save_channel(key, channel)
  redis.call('HSET', key, 'base', channel.base, 'top', text_of(channel.top), 'id', channel.id,
    'floor', text_of(channel.floor), 'size', text_of(channel.size), 'ttl', text_of(channel.ttl),
    'at', text_of(channel.at), 'kind', channel.kind, 'bytes', text_of(channel.bytes),
    'due', text_of(channel.due), 'origin', channel.origin)
end

local function epoch_of(channel) return channel.base .. incarnation end

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
-- Answers whether that has changed.
local function look_again(channel, name)
  local due = now + math.max(channel.ttl, 30000)
  if channel.due > now and channel.due <= due then return false end
  channel.due = due
  redis.call('ZADD', idle_key, text_of(channel.due), name)
  return true
end
`;

/** What a publication is as it is kept and announced. */
export const records = `
-- What only the store knows, and what its publisher gave.
local function record_of(offset, previous, kept, head, data)
  return text_of(offset) .. ' ' .. previous .. ' ' .. text_of(kept) .. ' ' .. head .. data
end

local function kept_of(record) return whole(string.match(record or '', '^%d+ %S+ (%d+) ')) end

-- How many bytes of a record are its payload; all of one that cannot be read.
local function payload_of(record)
  local meta, key, from = string.match(record, '^%d+ %S+ %d+ %S+ %d+ %a (%d+) (%d+)\\n()')
  if not from then return #record end
  return math.max(0, #record - from + 1 - meta - key)
end
`;
