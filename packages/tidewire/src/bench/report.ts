// What `tidewire bench` prints: how connecting went, and a line for each load.
import type { Measured } from "./judgement.ts";
import { short, tableOf } from "./statistics.ts";
import type { Connected } from "./trial.ts";

export interface BenchFacts {
  readonly server: string;
  readonly wire: string;
  readonly subscribers: number;
  readonly connected: Connected;
  readonly bytesPerConnection: number;
  readonly rows: readonly (Measured & { readonly name: string })[];
}

const head = ["", "published", "deliveries/s", "p50 ms", "p99 ms", "p99.9 ms", "lost", "repeated", "reordered"];
const costs = ["µs CPU/delivery", "server %"];

export function benchReport({ server, wire, subscribers, connected, bytesPerConnection, rows }: BenchFacts): string {
  const perSecond = subscribers / (connected.elapsedMs / 1_000);
  const isSeen = !Number.isNaN(bytesPerConnection);
  const held = isSeen ? `, ${short(bytesPerConnection)} bytes of the server's memory each` : "";
  const body = rows.map((row) => [
    row.name,
    ...[row.published, row.deliveriesPerSecond, row.p50Ms, row.p99Ms, row.p999Ms].map(short),
    ...[row.lost, row.repeated, row.reordered].map(String),
    ...(isSeen ? [short(row.cpuUsPerDelivery), short(row.serverShare * 100)] : []),
  ]);
  const bad = rows.filter(({ problems }) => problems.length > 0);
  const lines = [
    `Server       ${server}, ${wire}`,
    `Connected    ${short(subscribers)}, ${short(perSecond)} a second${held}`,
    "",
    ...tableOf([[...head, ...(isSeen ? costs : [])], ...body]).split("\n"),
    ...bad.map(({ name, problems }) => `${name}: ${problems.join(", ")}`),
  ];
  return lines.map((line) => `${line === "" ? "" : "  "}${line}\n`).join("");
}
