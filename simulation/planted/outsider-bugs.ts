// Bugs that were written down by somebody who had not read the simulation: whether it finds more than what it was made for.
import type { PlantedBug } from "./bugs.ts";

export const outsiderBugs: readonly PlantedBug[] = [
  {
    name: "a proof outlives the place it was for",
    seed: 85,
    promise: "S6",
    file: "client/src/subscription.ts",
    find: "    if (!isReplay) this.#lastId = undefined;\n",
    replace: "",
  },
  {
    name: "a repeat is believed when it is refused",
    promise: "P3",
    file: "client/src/requests.ts",
    find: 'if (firstSentMs !== null && method === "rpc") this.#fail(entry, error.message);',
    replace: "if (firstSentMs !== null && !entry.isRepeatable) this.#fail(entry, error.message);",
  },
  {
    name: "who left the queue for history gets its turn",
    seed: 106,
    promise: "S9",
    file: "server/src/hub/catch-up.ts",
    find: "    if (turn.holder !== cursor) {\n      const index = turn.waiting.indexOf(cursor);\n      if (index >= 0) turn.waiting.splice(index, 1);\n      return;\n    }",
    replace: "    if (turn.holder !== cursor) return;",
  },
  {
    name: "a rated pull ends at a head that moved on",
    promise: "F3",
    file: "server/src/hub/cursor.ts",
    find: "    if (this.#seq < tail.head) this.#rest(pace);\n    else this.#settled(run);",
    replace: "    this.#settled(run);",
  },
  {
    name: "a resumed subscription hears of no members",
    promise: "R2",
    file: "server/src/session/commands/subscribe.ts",
    find: '  const skipped = cursor.resume();\n  context.reply({ kind: "flow", id: command.id, skipped });\n  members?.resume();',
    replace:
      '  const skipped = cursor.resume();\n  context.reply({ kind: "flow", id: command.id, skipped });\n  void members;',
  },
];
