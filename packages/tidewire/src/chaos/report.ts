// What `tidewire chaos` prints: where it is, and one line for each thing that happens.
import type { FaultEvent, Faults } from "@tidewire/client/testing";

export interface ChaosFacts {
  /** What a client has to be given instead of `to`. */
  readonly through: string;
  readonly to: string;
  readonly controlPort: number;
  /** What is set to begin with, as `lineOf` says it. */
  readonly faults: string;
}

export function chaosReport({ through, to, controlPort, faults }: ChaosFacts): string {
  const control = `http://127.0.0.1:${controlPort}`;
  return [
    `Chaos       ${through}  to  ${to}`,
    `Control     ${control}/faults (GET, PUT)   /cut (POST)   /connections   /events`,
    `Faults      ${faults}`,
    `try  curl -X PUT ${control}/faults -d '{"delayMs":300,"jitterMs":200}'`,
  ]
    .map((line) => `  ${line}\n`)
    .join("");
}

export function lineOf(event: FaultEvent): string {
  switch (event.kind) {
    case "opened":
      return `#${event.connection} opened by ${event.client}`;
    case "closed":
      return `#${event.connection} closed: ${event.cause}; ${event.upBytes} bytes up, ${event.downBytes} down`;
    case "fault":
      return `${nameOf(event.connection)} ${shown(event.faults)}${directed(event.direction)}`;
    case "cut":
      return `#${event.connection} cut by ${event.how}${directed(event.direction)}`;
    case "trouble":
      return `trouble: ${event.message}`;
  }
}

function nameOf(connection: number | "all" | "new"): string {
  return typeof connection === "number" ? `#${connection}` : `${connection}:`;
}

function shown(faults: Faults): string {
  const pairs = Object.entries(faults).map(([name, value]) => (value === true ? name : `${name}=${String(value)}`));
  return pairs.length === 0 ? "no faults" : pairs.join(" ");
}

function directed(direction: "up" | "down" | "both"): string {
  return direction === "both" ? "" : `, ${direction} only`;
}
