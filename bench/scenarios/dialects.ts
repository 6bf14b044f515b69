// What a delivery costs in each dialect and transport: the same load for each, beside the same in JSON.
import { Trial, type Wire } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, ownServer, scenarioOf } from "./cases.ts";

/** By what they are called in PROTOCOL.md; the first is what the others are compared with. */
const wires: Readonly<Record<string, Wire>> = {
  "Centrifuge JSON": "centrifuge-json",
  Protobuf: "centrifuge-protobuf",
  "raw WebSocket": "raw",
  "raw event stream": "sse",
  http_stream: "http-stream",
  sse: "centrifuge-sse",
  uni_websocket: "uni-websocket",
  uni_sse: "uni-sse",
  uni_http_stream: "uni-http-stream",
};
const usualRate = 100;

export const dialects = scenarioOf((options) =>
  Object.entries(wires).map(([name, wire]): Case => ({ name, measure: () => measure(wire, options) })),
);

function measure(wire: Wire, options: BenchOptions): Promise<CaseRow> {
  const { subscribers, rate, burst, seconds, bytes } = options;
  const load = { rate: rate ?? usualRate, burst, bytes };
  return Trial.run(ownServer(options), async (trial) => {
    const readers = trial.group({ wire, loads: options.loads });
    const before = await trial.residentBytes();
    await trial.connect(readers, subscribers);
    const bytesPerConnection = ((await trial.residentBytes()) - before) / subscribers;
    await trial.measure({ ...load, phase: 1, seconds: 1 });
    const measured = await trial.measure({ ...load, phase: 2, seconds });
    return { ...measured, bytesPerConnection, figures: {} };
  });
}
