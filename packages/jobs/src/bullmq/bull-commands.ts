// BullMQ's own commands, of which several are done in one call: its Lua, as it gives it to its clients, inside of the store's script.
import { fail } from "@tidewire/protocol";
import type { BullCommand } from "./library.ts";

/** What the store does for many jobs at once, and how many keys BullMQ 6 gives to it. */
const needed = { moveToActive: 11, moveToFinished: 14 } as const;

type Name = keyof typeof needed;

/** What BullMQ has defined on a connection. */
export class BullCommands {
  readonly #lua = new Map<string, BullCommand>();

  /** @param name As BullMQ gives it: that of the command, a colon, its version. */
  define(name: string, command: BullCommand): void {
    const [plain = ""] = name.split(":");
    this.#lua.set(plain, command);
  }

  /**
   * Each as a function in Lua that takes KEYS and ARGV, by its own name.
   * @throws {TidewireError} `engine_unavailable` where BullMQ has other ones than those that are known here.
   */
  get functions(): string {
    return (Object.keys(needed) as Name[]).map((name) => this.#functionOf(name)).join("\n");
  }

  #functionOf(name: Name): string {
    const command = this.#lua.get(name);
    const keys = command?.numberOfKeys ?? 0;
    if (command === undefined || keys !== needed[name])
      fail("engine_unavailable", `expected BullMQ 6, whose ${name} takes ${needed[name]} keys, got one with ${keys}`);
    return `local function ${name}(KEYS, ARGV)\n${command.lua}\nend`;
  }
}

/**
 * Calls them as BullMQ 6 does; after `at`, `call` and what else the script begins with. Of its options those are here that it has without
 * settings of its own.
 */
export const calling = `
-- The keys of a queue, put together once for all jobs of a call.
local keys_of = {}
local function keys_from(name, ...)
  local keys = {}
  for n, rest in ipairs({ 'wait', 'active', 'prioritized', 'events', 'stalled', 'limiter', 'delayed', 'paused', 'meta', 'pc', ... }) do
    keys[n] = at(name, rest)
  end
  keys_of[name] = keys
  return keys
end
local function hand_out_options(token, lease_ms)
  return cmsgpack.pack({ token = token, lockDuration = tonumber(lease_ms) })
end
-- The fields of the next job of a queue and its id, or nil.
local function hand_out(name, machine_ms, options)
  local next = moveToActive(keys_of[name] or keys_from(name, 'marker'), { at(name, ''), machine_ms, options })
  if type(next[1]) == 'table' then return next[1], next[2] end
end
-- 0, or a number below it that says why not.
local function complete(name, id, token, value, machine_ms)
  local opts = cmsgpack.pack({ token = token, keepJobs = { count = -1 }, attempts = 1, maxMetricsSize = '' })
  local keys = keys_of[name] or keys_from(name, 'completed', '', 'metrics:completed', 'marker')
  keys[12] = at(name, id)
  return moveToFinished(keys, { id, machine_ms, 'returnvalue', value, 'completed', '0', at(name, ''), opts, '' })
end
`;
