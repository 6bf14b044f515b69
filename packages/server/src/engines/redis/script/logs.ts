// The script's part on logs, in Lua: a stream whose ids are the offsets.

/** Expects `records`. */
export const logs = `
local function entry_at(log, offset)
  local id = text_of(offset) .. '-0'
  local found = redis.call('XRANGE', log, id, id)
  return found[1] and found[1][2][2]
end

-- The offset up to which everything has expired; times ascend with offsets, so it is found by halving.
local function log_floor(log, channel)
  local oldest = redis.call('XRANGE', log, text_of(channel.floor + 1) .. '-0', text_of(channel.top) .. '-0', 'COUNT', 1)[1]
  if not oldest then return channel.top end
  -- Entries may have been taken away by others: history begins at what is there.
  local first = math.max(channel.floor, whole(string.match(oldest[1], '^(%d+)%-')) - 1)
  local function is_expired(offset)
    local kept = kept_of(entry_at(log, offset))
    return kept ~= nil and now - kept >= channel.ttl
  end
  if not is_expired(first + 1) then return first end
  local low, high = first + 1, channel.top + 1
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if is_expired(middle) then low = middle else high = middle end
  end
  return low
end
`;

export const logPages = `
local chunk = 128

-- Everything of (after, upTo] that the limit allows, from its beginning or its end; pairs of offset and record.
local function log_page(log, range, limit)
  local pairs_found, count, bytes, more = {}, 0, 0, false
  local from, to = range.after + 1, range.up_to
  while from <= to and not more do
    local found
    if range.from_end then
      found = redis.call('XREVRANGE', log, text_of(to) .. '-0', text_of(from) .. '-0', 'COUNT', chunk)
    else
      found = redis.call('XRANGE', log, text_of(from) .. '-0', text_of(to) .. '-0', 'COUNT', chunk)
    end
    for _, entry in ipairs(found) do
      local record = entry[2][2] or ''
      bytes = bytes + payload_of(record)
      more = count >= limit.publications or (count > 0 and bytes > limit.bytes)
      if more then break end
      count = count + 1
      pairs_found[#pairs_found + 1] = string.match(entry[1], '^(%d+)')
      pairs_found[#pairs_found + 1] = record
      local offset = whole(pairs_found[#pairs_found - 1])
      if range.from_end then to = offset - 1 else from = offset + 1 end
    end
    if #found < chunk then break end
  end
  return pairs_found, more
end
`;
