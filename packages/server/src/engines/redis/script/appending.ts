// Publishing into a channel's log, or past it, in Lua. It is done more often than all else together.

export const appending = `
local ops = {}

function ops.append()
  local before = answer_before()
  if before then return before end
  local keys, size, ttl = channel_keys(4), tonumber(ARGV[10]), tonumber(ARGV[11])
  local channel = load_channel(keys.channel)
  -- What was kept in the other way is not mixed with what follows.
  if channel.kind ~= 'log' and channel.top > 0 then channel = start_anew(keys, channel, name) end
  local is_alike = not channel.is_new and channel.kind == 'log' and channel.size == size and channel.ttl == ttl
  -- What has expired under the old retention does not come back because the new one is longer.
  if not channel.is_new and channel.ttl ~= ttl then channel.floor = log_floor(keys.log, channel) end
  local offset, previous = channel.top + 1, channel.id
  channel.at = math.max(now, channel.at)
  channel.floor = math.max(channel.floor, offset - size)
  local place, floor = text_of(offset), text_of(channel.floor)
  local record = record_of(offset, previous, channel.at, head, data)
  redis.call('XADD', keys.log, 'MINID', '~', text_of(channel.floor + 1), place .. '-0', 'r', record)
  channel.kind, channel.top, channel.id, channel.size, channel.ttl = 'log', offset, id, size, ttl
  if look_again(channel, name) or not is_alike then save_channel(keys.channel, channel)
  else redis.call('HSET', keys.channel, 'top', place, 'id', id, 'floor', floor, 'at', text_of(channel.at)) end
  local epoch = epoch_of(channel)
  if digest ~= '' then remember(epoch, place, previous) end
  announce('p', epoch, name, record)
  return { '+', epoch, place, previous }
end

-- Told to whoever is there, and not kept.
function ops.pass()
  local before = answer_before()
  if before then return before end
  local epoch = epoch_of(load_channel(KEYS[4]))
  if digest ~= '' then remember(epoch, '0', '-') end
  announce('e', epoch, name, record_of(0, '-', now, head, data))
  return { '+', epoch, '0', '-' }
end
`;
