// The script's beginning, in Lua: time, the lane, and what is known of a channel. The keys are named in ../keys.ts.

/** Where the script has the time from, as a Lua expression in milliseconds. Tests give it another one. */
export const serverTime =
  "(function() local t = redis.call('TIME'); return t[1] * 1000 + math.floor(t[2] / 1000) end)()";

/** Expects `now`. */
export const prelude = `
local op, fresh, fenced = ARGV[1], ARGV[2], ARGV[3]
local lane_key, idle_key, lane_name = KEYS[1], KEYS[2], KEYS[3]
local max_whole = 9007199254740991

local function text_of(number) return string.format('%.0f', number) end

local function whole(text)
  if not text or not string.match(text, '^%d+$') or #text > 16 then return nil end
  local number = tonumber(text)
  if number > max_whole then return nil end
  return number
end

local function plain(text)
  return text and #text > 0 and #text <= 64 and not string.find(text, '[^%w_~%-]')
end

-- What somebody else wrote into our keys is not believed: whatever it was begins anew, under an epoch of its own.
local function damaged(what) error({ err = 'TIDE damaged ' .. what }) end

local function load_lane()
  local found = redis.pcall('HMGET', lane_key, 'gen', 'base', 'n', 'own', 'inc')
  if found.err or not plain(found[1]) or not plain(found[2]) or not whole(found[3]) then
    -- The first thing that is written must be one that a full server refuses: then nothing is.
    if redis.call('EXISTS', lane_key) == 1 then redis.call('DEL', lane_key) end
    redis.call('HSET', lane_key, 'gen', fresh, 'base', fresh, 'n', 0)
    return { gen = fresh, base = fresh, n = 0 }
  end
  return { gen = found[1], base = found[2], n = whole(found[3]), own = found[4], inc = found[5] }
end

local lane = load_lane()

-- S8: what a process of Redis acked as a primary is good as long as it stays one, unless the operator says that it
-- survives. Its replication id is made anew at its start and at each promotion; the process alone would not tell of one that
-- was replaced, took the other's shorter log, and is a primary again. A lane that another server of a cluster had meanwhile,
-- and gave back, has a name that this one never gave.
local function incarnation_of()
  local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  if not history then error({ err = 'TIDE no master_replid in INFO replication' }) end
  if lane.own == history and plain(lane.inc) then return lane.inc end
  -- A server that is full takes no name, and what it holds is read under one that is as good.
  local saved = redis.pcall('HSET', lane_key, 'own', history, 'inc', fresh)
  return type(saved) == 'table' and saved.err and history or fresh
end

local incarnation = fenced == '1' and '.' .. incarnation_of() or ''

local fields = { 'base', 'top', 'id', 'floor', 'size', 'ttl', 'at', 'kind', 'bytes', 'due', 'origin' }

local function unwritten(base)
  return { base = base, top = 0, id = '-', floor = 0, size = 0, ttl = 0, at = 0, kind = 'log', bytes = 0, due = 0, origin = lane.base, is_new = true }
end

local function load_channel(key)
  local found = redis.call('HMGET', key, unpack(fields))
  if not found[1] then
    if redis.call('EXISTS', key) == 1 then damaged('channel') end
    return unwritten(lane.base)
  end
  local channel = { base = found[1], id = found[3], kind = found[8], origin = found[11] }
  for index, name in ipairs(fields) do
    if channel[name] == nil then channel[name] = whole(found[index]) end
    if channel[name] == nil or channel[name] == false then damaged('channel') end
  end
  if not plain(channel.base) or not plain(channel.origin) or not plain(channel.id) then damaged('channel') end
  if channel.kind ~= 'log' and channel.kind ~= 'table' then damaged('channel') end
  if channel.floor > channel.top or channel.top >= max_whole then damaged('channel') end
  return channel
end

local function save_channel(key, channel)
  redis.call('HSET', key, 'base', channel.base, 'top', text_of(channel.top), 'id', channel.id,
    'floor', text_of(channel.floor), 'size', text_of(channel.size), 'ttl', text_of(channel.ttl),
    'at', text_of(channel.at), 'kind', channel.kind, 'bytes', text_of(channel.bytes),
    'due', text_of(channel.due), 'origin', channel.origin)
end

local function epoch_of(channel) return channel.base .. incarnation end

-- Each announcement is counted, so that whoever misses one finds the hole. What is not kept is not counted: it carries
-- the number of what went before.
local function announce(kind, epoch, channel, record)
  if kind ~= 'e' then lane.n = redis.call('HINCRBY', lane_key, 'n', 1) end
  redis.call('SPUBLISH', lane_name, kind .. ' ' .. lane.gen .. ' ' .. text_of(lane.n) .. ' ' .. epoch .. ' '
    .. #channel .. '\\n' .. channel .. record)
end

-- A publication as it is kept and announced: what only the store knows, and what its publisher gave.
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
