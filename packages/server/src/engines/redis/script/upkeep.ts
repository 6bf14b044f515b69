// Letting go, in Lua: of all that a channel has, or of what has expired.

export const upkeep = `
local idle_ms = 86400000
local ops = {}

-- ARGV: op, fresh, fenced, channel name.
function ops.clear()
  local keys = channel_keys(4)
  local channel = load_channel(keys.channel)
  look_again(channel, ARGV[4])
  return { '0', epoch_of(start_anew(keys, channel, ARGV[4])), '0' }
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
`;
