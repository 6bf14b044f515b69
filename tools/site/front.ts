// What the front page shows, out of the repository: figures from the results they link to, and the README's own code.
import { readFileSync } from "node:fs";
import path from "node:path";
import { placeOf } from "./places.ts";

interface Figure {
  readonly value: string;
  readonly says: string;
  /** The place of the page that shows where it is from. */
  readonly from: string;
}

interface Example {
  readonly file: string;
  readonly language: string;
  readonly code: string;
}

export interface Front {
  readonly figures: readonly Figure[];
  /** In columns. */
  readonly examples: readonly (readonly Example[])[];
}

/** Runs of the bench whose results the front page shows; docs/performance.md links to each. */
const results = {
  torture: "bench/results/torture-2026-11-21-4d47842.json",
  fanOut: "bench/results/fan-out-2026-11-22-8fc2bf8.json",
  idle: "bench/results/idle-2026-11-22-8fc2bf8.json",
};

interface Torture {
  readonly kills: number;
  readonly deliveries: number;
  readonly faults: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly returns: Readonly<Record<string, { readonly eligible: number; readonly recovered: number }>>;
}

interface Summaries<Row> {
  readonly summary: readonly Row[];
}

interface FanOutRow {
  readonly contestant: string;
  readonly load: string;
  readonly ratio: { readonly median: number };
}

interface IdleRow {
  readonly name: string;
  readonly bytesPerConnection: { readonly median: number };
}

const whole = (value: number): string => value.toLocaleString("en-US");
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** @throws {Error} When a result or a block of the README is no longer what the page shows. */
export function frontOf(root: string): Front {
  const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
  const torture = JSON.parse(read(results.torture)) as Torture;
  const fanOut = JSON.parse(read(results.fanOut)) as Summaries<FanOutRow>;
  const idle = JSON.parse(read(results.idle)) as Summaries<IdleRow>;
  const readme = read("README.md");
  return {
    figures: [wrong(torture), returned(torture), cost(fanOut), held(idle)],
    examples: [
      [blockOf(readme, "channels.ts", "export const chat"), blockOf(readme, "room.tsx", "useChannel(chat")],
      [blockOf(readme, "server.ts", "tide.attach(server)")],
    ],
  };
}

function wrong({ deliveries, faults, kills }: Torture): Figure {
  const count = sum(Object.values(faults).flatMap((of) => Object.values(of)));
  return {
    value: whole(count),
    says: `lost, repeated or out of order, of ${whole(deliveries)} deliveries, while the server was killed ${kills} times`,
    from: placeOf(results.torture),
  };
}

function returned({ returns }: Torture): Figure {
  const all = Object.values(returns);
  const share = sum(all.map(({ recovered }) => recovered)) / sum(all.map(({ eligible }) => eligible));
  return {
    value: `${whole(Math.floor(share * 1_000) / 10)} %`,
    says: "of those whose history still had it went on with the very next publication, our client and centrifuge-js alike",
    from: placeOf(results.torture),
  };
}

function cost({ summary }: Summaries<FanOutRow>): Figure {
  const found = summary.find(({ contestant, load }) => contestant === "tidewire-json" && load === "bursts");
  if (found === undefined) throw new Error(`expected a row of tidewire-json in bursts in ${results.fanOut}`);
  return {
    value: `${found.ratio.median.toPrecision(2)} ×`,
    says: "the CPU of a tutorial's ws server for a delivery, in bursts to a thousand subscribers",
    from: placeOf(results.fanOut),
  };
}

function held({ summary }: Summaries<IdleRow>): Figure {
  const kilobytesOf = (contestant: string): string => {
    const found = summary.find(({ name }) => name === contestant);
    if (found === undefined) throw new Error(`expected a row of ${contestant} in ${results.idle}`);
    return (found.bytesPerConnection.median / 1_000).toFixed(1);
  };
  return {
    value: `${kilobytesOf("tidewire-json")} KB`,
    says: `for an idle connection with a subscription that recovers; a bare ws server holds ${kilobytesOf("naive-ws")} for its socket alone`,
    from: placeOf(results.idle),
  };
}

function blockOf(readme: string, file: string, marker: string): Example {
  const blocks = [...readme.matchAll(/^```(tsx?)(?: \S+)?\n([^]*?)^```$/gm)];
  const [, language = "", code = ""] = blocks.find(([, , text]) => text?.includes(marker)) ?? [];
  if (code === "") throw new Error(`expected a block with ${marker} in README.md, found none`);
  return { file, language, code: code.trimEnd() };
}
