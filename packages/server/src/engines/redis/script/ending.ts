// A script's end, in Lua: it does what is asked. Expects `ops`.

/** Of what only reads a lane, or looks at channels one by one. */
export const plainEnding = `
local ok, answer = pcall(ops[op] or damaged, 'operation')
if ok then return answer end
return redis.error_reply(type(answer) == 'table' and answer.err or tostring(answer))
`;

/** Of what is done with one channel: if others wrote to its keys it begins anew, and what was asked is done then. */
export const mendingEnding = `
local ok, answer = pcall(ops[op] or damaged, 'operation')
if ok then return answer end
local reason = type(answer) == 'table' and answer.err or tostring(answer)
local is_damage = string.find(reason, 'WRONGTYPE', 1, true) or string.find(reason, 'TIDE damaged', 1, true)
  or string.find(reason, 'equal or smaller', 1, true)
if not is_damage or not ops[op] then return redis.error_reply(reason) end
for index = 4, 8 do redis.call('DEL', KEYS[index]) end
if #KEYS > 8 then redis.call('DEL', KEYS[9]) end
if redis.call('TYPE', idle_key).ok ~= 'zset' then redis.call('DEL', idle_key) end
start_anew(channel_keys(4), unwritten(fresh), ARGV[4])
return ops[op]()
`;
