// The script's part on tables, in Lua: a hash of records, and who is where by version; removals are kept for a while.

/** Expects `records`. */
export const tables = `
local function forget_removal(keys, channel, key, version)
  redis.call('HDEL', keys.slots, key)
  redis.call('ZREM', keys.versions, key)
  redis.call('ZREM', keys.removals, key)
  channel.floor = math.max(channel.floor, tonumber(version))
end

-- The version of the newest removal that has expired, or was forgotten before. Removals ascend with time.
local function table_floor(keys, channel)
  local floor, from = channel.floor, 0
  while true do
    local found = redis.call('ZRANGE', keys.removals, from, from + 127, 'WITHSCORES')
    for index = 1, #found, 2 do
      local kept = kept_of(redis.call('HGET', keys.slots, found[index]))
      if kept ~= nil and now - kept < channel.ttl then return floor end
      floor = math.max(floor, tonumber(found[index + 1]))
    end
    if #found < 256 then return floor end
    from = from + 128
  end
end

local function trim_removals(keys, channel)
  local floor = table_floor(keys, channel)
  if floor > channel.floor then
    local gone = redis.call('ZRANGE', keys.removals, '-inf', text_of(floor), 'BYSCORE', 'WITHSCORES')
    for index = 1, #gone, 2 do forget_removal(keys, channel, gone[index], gone[index + 1]) end
    channel.floor = math.max(channel.floor, floor)
  end
  local excess = redis.call('ZCARD', keys.removals) - channel.size
  if excess > 0 then
    local gone = redis.call('ZRANGE', keys.removals, 0, excess - 1, 'WITHSCORES')
    for index = 1, #gone, 2 do forget_removal(keys, channel, gone[index], gone[index + 1]) end
  end
end

-- What the table holds before and with the value, where that is too much; nil where it fits.
local function excess_of(keys, channel, draft)
  local known = redis.call('HGET', keys.slots, draft.key)
  local is_value = known and not redis.call('ZSCORE', keys.removals, draft.key)
  local live = redis.call('HLEN', keys.slots) - redis.call('ZCARD', keys.removals)
  local after = live + (is_value and 0 or 1)
  local bytes = channel.bytes + #draft.data - (is_value and payload_of(known) or 0)
  if (after > draft.size and after > live) or (bytes > draft.bytes and bytes > channel.bytes) then
    return { live, channel.bytes, after, bytes }
  end
  return nil
end

local function put_slot(keys, channel, draft)
  channel.at = math.max(now, channel.at)
  -- What has expired under the old retention does not come back because the new one is longer.
  if not channel.is_new and channel.ttl ~= draft.ttl then trim_removals(keys, channel) end
  local offset, previous = channel.top + 1, channel.id
  local record = record_of(offset, previous, channel.at, draft.head, draft.data)
  local known = redis.call('HGET', keys.slots, draft.key)
  redis.call('HSET', keys.slots, draft.key, record)
  if known and redis.call('ZREM', keys.removals, draft.key) == 0 then
    channel.bytes = math.max(0, channel.bytes - payload_of(known))
  end
  redis.call('ZADD', keys.versions, text_of(offset), draft.key)
  if draft.is_removal then redis.call('ZADD', keys.removals, text_of(offset), draft.key)
  else channel.bytes = channel.bytes + #draft.data end
  channel.top, channel.id, channel.size, channel.ttl = offset, draft.id, draft.size, draft.ttl
  trim_removals(keys, channel)
  return offset, previous, record
end
`;

/** Expects `logPages`. */
export const tablePages = `
local function table_page(keys, range, limit)
  local pairs_found, count, bytes, more = {}, 0, 0, false
  local from, to = range.after + 1, range.up_to
  while from <= to and not more do
    local names
    if range.from_end then
      names = redis.call('ZRANGE', keys.versions, text_of(to), text_of(from), 'BYSCORE', 'REV', 'LIMIT', 0, chunk, 'WITHSCORES')
    else
      names = redis.call('ZRANGE', keys.versions, text_of(from), text_of(to), 'BYSCORE', 'LIMIT', 0, chunk, 'WITHSCORES')
    end
    for index = 1, #names, 2 do
      local version = math.floor(tonumber(names[index + 1]))
      local record = redis.call('HGET', keys.slots, names[index]) or ''
      local is_gone = version <= range.floor and redis.call('ZSCORE', keys.removals, names[index])
      if not is_gone then
        bytes = bytes + payload_of(record)
        more = count >= limit.publications or (count > 0 and bytes > limit.bytes)
        if more then break end
        count = count + 1
        pairs_found[#pairs_found + 1] = text_of(version)
        pairs_found[#pairs_found + 1] = record
      end
      if range.from_end then to = version - 1 else from = version + 1 end
    end
    if #names < chunk * 2 then break end
  end
  return pairs_found, more
end
`;
