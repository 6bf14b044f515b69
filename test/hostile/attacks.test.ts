// Every attack at a small size: each attacker is told what it should be, the server holds no more for it than it may, and
// the bystander hears everything once, in order.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Arena, serverNames } from "./arena.ts";
import { rows } from "./catalog.ts";
import { hastyServers } from "./servers.ts";

/** Below what a test has. */
const untilMs = 150_000;

describe.each(serverNames)("%s server", (name) => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.open(hastyServers[name], untilMs);
  }, 60_000);

  afterAll(async () => {
    await arena.close();
  });

  test.each(rows.filter(({ server }) => server === name))(
    "$name",
    async (row) => {
      const n = row.sizes.small;
      const { result, heldBytes, bystander } = await arena.weigh(row, n);
      expect(result).toBe(row.expected(n));
      expect(heldBytes).toBeLessThan(row.heldBytes(n));
      expect(bystander).toMatchObject({ lost: 0, repeated: 0, reordered: 0, failed: 0 });
      expect(bystander.published).toBeGreaterThan(0);
    },
    // A flood waits for itself, and on a busy machine for everybody else too.
    180_000,
  );
});
