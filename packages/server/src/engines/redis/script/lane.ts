// The beginning of every script, in Lua: time, values that are not believed, and the lane. The keys are named in ../keys.ts.

/** Where a script has the time from, as a Lua expression in milliseconds. Tests give it another one. */
export const serverTime =
  "(function() local t = redis.call('TIME'); return t[1] * 1000 + math.floor(t[2] / 1000) end)()";

/** Expects `now`. All that is said here is defined anew with each call, which costs as much as a command: so it is little. */
export const lane = `
local op, fresh, fenced = ARGV[1], ARGV[2], ARGV[3]
local lane_key, idle_key, lane_name = KEYS[1], KEYS[2], KEYS[3]
local max_whole = 9007199254740991

local function text_of(number) return string.format('%.0f', number) end

local function whole(text)
  local number = tonumber(text)
  return number and number >= 0 and number <= max_whole and number % 1 == 0 and number or nil
end

local function plain(text)
  return text and #text > 0 and #text <= 64 and not string.find(text, '[^%w_~%-]')
end

-- What somebody else wrote into our keys is not believed: whatever it was begins anew, under an epoch of its own.
local function damaged(what) error({ err = 'TIDE damaged ' .. what }) end

local lane
do
  local found = redis.pcall('HMGET', lane_key, 'gen', 'base', 'n', 'own', 'inc')
  local count = not found.err and whole(found[3])
  if count and plain(found[1]) and plain(found[2]) then
    lane = { gen = found[1], base = found[2], n = count, own = found[4], inc = found[5] }
  else
    -- The first thing that is written must be one that a full server refuses: then nothing is.
    if redis.call('EXISTS', lane_key) == 1 then redis.call('DEL', lane_key) end
    redis.call('HSET', lane_key, 'gen', fresh, 'base', fresh, 'n', 0)
    lane = { gen = fresh, base = fresh, n = 0 }
  end
end

-- S8: what a process of Redis acked as a primary is good as long as it stays one, unless the operator says that it
-- survives. Its replication id is made anew at its start and at each promotion; the process alone would not tell of one that
-- was replaced, took the other's shorter log, and is a primary again. A lane that another server of a cluster had meanwhile,
-- and gave back, has a name that this one never gave.
local incarnation = ''
if fenced == '1' then
  local info = redis.call('INFO', 'replication')
  local _, before = string.find(info, 'master_replid:', 1, true)
  local history = before and string.match(info, '^%x+', before + 1)
  if not history then error({ err = 'TIDE no master_replid in INFO replication' }) end
  if lane.own == history and plain(lane.inc) then incarnation = '.' .. lane.inc
  else
    -- A server that is full takes no name, and what it holds is read under one that is as good.
    local saved = redis.pcall('HSET', lane_key, 'own', history, 'inc', fresh)
    incarnation = '.' .. (type(saved) == 'table' and saved.err and history or fresh)
  end
end

-- Each announcement is counted, so that whoever misses one finds the hole. What is not kept is not counted: it carries
-- the number of what went before.
local function announce(kind, epoch, channel, record)
  if kind ~= 'e' then lane.n = redis.call('HINCRBY', lane_key, 'n', 1) end
  redis.call('SPUBLISH', lane_name, kind .. ' ' .. lane.gen .. ' ' .. text_of(lane.n) .. ' ' .. epoch .. ' '
    .. #channel .. '\\n' .. channel .. record)
end
`;
