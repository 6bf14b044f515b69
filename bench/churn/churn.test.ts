// The storm at a small size: everybody returns and goes on where it was, and the server holds no more than before.
import { expect, it } from "vitest";
import { faultsOf } from "../soak/account.ts";
import { churn } from "./churn.ts";

const clients = 300;

it("lets everybody return, recovered, and keeps nothing of those who were cut", async () => {
  const options = { rounds: 2, clients, loads: 2, publishesPerSecond: 200, quietMs: 1 };
  const [first, second] = await churn(options, () => undefined);
  if (first === undefined || second === undefined) throw new TypeError("expected two rounds");
  for (const round of [first, second]) {
    const { eligible, recovered, lacking, misplacedByServer, connections, sessions, counts } = round;
    expect({ recovered, lacking, misplacedByServer, connections, sessions }).toEqual({
      recovered: eligible,
      lacking: 0,
      misplacedByServer: 0,
      connections: clients,
      sessions: clients,
    });
    expect(eligible).toBeGreaterThan(clients);
    expect([faultsOf(counts), counts.gaps]).toEqual([0, 0]);
    expect(counts.received).toBeGreaterThan(0);
  }
  expect(second.subscriptions).toBe(first.subscriptions);
  expect(second.descriptors).toBe(first.descriptors);
  expect(second.resources["TCPSocketWrap"]).toBe(first.resources["TCPSocketWrap"]);
  // Not one for each who was cut; the node's own come and go.
  expect(second.timers).toBeLessThan(first.timers + clients / 10);
}, 60_000);
