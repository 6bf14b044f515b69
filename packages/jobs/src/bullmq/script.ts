// What BullMQ has no command for, as one script around its own: who holds a job, leases that are over, ends that are not told.
import { createHash } from "node:crypto";
import { calling } from "./bull-commands.ts";
import { claiming } from "./claiming-script.ts";
import { ending } from "./ending-script.ts";
import { looking } from "./looking-script.ts";

/**
 * It reads and writes the keys of BullMQ 6, and adds to a job's hash fields that begin with `tw:`. KEYS[1] is the prefix, ARGV[1]
 * the operation. The fence of a hand is BullMQ's count of starts (`ats`) and the turns beside them; time is Redis' own.
 */
const beginning = `
local prefix, op = KEYS[1], ARGV[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local names, arrivals, ends = prefix .. ':~:names', prefix .. ':~:arrivals', prefix .. ':~:ends'
local function at(name, rest) return prefix .. ':' .. name .. ':' .. rest end
local function text(n) return string.format('%.3f', n) end
local function number(key, field) return tonumber(call('HGET', key, field) or '0') or 0 end
local known
local function queues()
  known = known or call('SMEMBERS', names)
  return known
end
local function locate(id)
  for _, name in ipairs(queues()) do
    if call('EXISTS', at(name, id)) == 1 then return name end
  end
end
local function fence(key) return number(key, 'ats') + number(key, 'tw:turn') end
local function begun(key) return number(key, 'ats') - number(key, 'tw:free') end
local function active(name, id) return call('LPOS', at(name, 'active'), id) end
local function draft(key)
  local ok, data = pcall(cjson.decode, call('HGET', key, 'data') or '')
  if ok and type(data) == 'table' and type(data.input) == 'string' and type(data.owner) == 'string'
    and type(data.terms) == 'table' and type(data.terms.attempts) == 'number' then return data end
end
-- Where BullMQ has ended it, or somebody with BullMQ's own tools, nothing says how but what it failed of.
local function ended_as(how, failed_of)
  if how and how ~= '' then return how end
  return failed_of and 'dead' or 'done'
end
local function state(name, id)
  local key = at(name, id)
  local has = call('HMGET', key, 'finishedOn', 'tw:end', 'failedReason')
  if has[1] then return ended_as(has[2], has[3]) end
  return active(name, id) and 'running' or 'waiting'
end
local function finish(name, id, how, reason, message)
  local key, data = at(name, id), draft(at(name, id))
  call('ZREM', at(name, 'prioritized'), id)
  call('ZREM', at(name, 'delayed'), id)
  call('LREM', at(name, 'wait'), 1, id)
  call('LREM', at(name, 'active'), 1, id)
  call('DEL', key .. ':lock')
  call('HINCRBY', key, 'tw:turn', 1)
  call('HDEL', key, 'tw:canceling')
  call('HSET', key, 'finishedOn', math.floor(now), 'tw:end', how, 'tw:reason', reason, 'tw:message', message)
  if how == 'dead' then call('HSET', key, 'failedReason', message) end
  call('ZADD', at(name, how == 'dead' and 'failed' or 'completed'), math.floor(now), id)
  if data and data.owner ~= '' then call('ZADD', ends, text(now), id) end
  local de = call('HGET', key, 'deid')
  if de and call('PTTL', at(name, 'de:' .. de)) == -1 and call('GET', at(name, 'de:' .. de)) == id then
    call('DEL', at(name, 'de:' .. de))
  end
end

local function described(name, id)
  local key = at(name, id)
  return { name, id, state(name, id), fence(key), begun(key), call('ZSCORE', arrivals, id) or '0', call('HGETALL', key) }
end
local function words(problem) return type(problem) == 'table' and problem.err or tostring(problem) end
local function failed(problem) return type(problem) == 'table' and problem or redis.error_reply(problem) end
local ops = {}
`;

const choosing = `
if ops[op] then return ops[op]() end
return redis.error_reply('ERR an operation of the job store was expected, got ' .. op)
`;

/** Sends a command. */
export type Send = (args: readonly string[]) => Promise<unknown>;

export class Script {
  readonly #source: string;
  readonly #digest: string;

  /** @param bullmq BullMQ's commands as functions. */
  constructor(bullmq: string) {
    this.#source = [bullmq, beginning, calling, claiming, ending, looking, choosing].join("\n");
    this.#digest = createHash("sha1").update(this.#source).digest("hex");
  }

  /** Runs an operation; a server that has forgotten the script is given it again. */
  async run(send: Send, prefix: string, args: readonly (string | number)[]): Promise<unknown> {
    const given = ["1", prefix, ...args.map(String)];
    try {
      return await send(["EVALSHA", this.#digest, ...given]);
    } catch (thrown) {
      if (!(thrown instanceof Error) || !thrown.message.startsWith("NOSCRIPT")) throw thrown;
      return await send(["EVAL", this.#source, ...given]);
    }
  }
}
