// Publishing into a channel's table, in Lua: a value for a key, or that it has none.

export const setting = `
local ops = {}

local function draft_of(is_removal)
  return { id = id, head = head, data = data, size = tonumber(ARGV[10]), ttl = tonumber(ARGV[11]), key = ARGV[12],
    bytes = tonumber(ARGV[13]), is_removal = is_removal }
end

local function put(keys, channel, draft)
  channel.kind = 'table'
  local offset, previous, record = put_slot(keys, channel, draft)
  look_again(channel, name)
  save_channel(keys.channel, channel)
  local epoch, place = epoch_of(channel), text_of(offset)
  if digest ~= '' then remember(epoch, place, previous) end
  announce('p', epoch, name, record)
  return { '+', epoch, place, previous }
end

function ops.set()
  local before = answer_before()
  if before then return before end
  local keys, draft = channel_keys(4), draft_of(false)
  local channel = load_channel(keys.channel)
  -- What was kept in the other way is not mixed with what follows.
  if channel.kind ~= 'table' and channel.top > 0 then channel = start_anew(keys, channel, name) end
  local excess = excess_of(keys, channel, draft)
  if excess then return { '-', 'full', excess[1], excess[2], excess[3], excess[4] } end
  return put(keys, channel, draft)
end

function ops.remove()
  local before = answer_before()
  if before then return before end
  local keys, draft = channel_keys(4), draft_of(true)
  local channel = load_channel(keys.channel)
  local has_value = channel.kind == 'table' and redis.call('HEXISTS', keys.slots, draft.key) == 1
    and not redis.call('ZSCORE', keys.removals, draft.key)
  if not has_value then return { '0', epoch_of(channel), text_of(channel.top) } end
  return put(keys, channel, draft)
end
`;
