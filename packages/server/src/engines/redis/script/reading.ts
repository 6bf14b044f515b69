// Reading, in Lua: a page of what a channel keeps, where channels stand, and where a lane's counter stands.

export const reading = `
local ops = {}

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
`;

export const places = `
local ops = {}

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
`;
