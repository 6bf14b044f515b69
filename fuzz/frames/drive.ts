// Driving a server with changed frames over real sockets, beside somebody who must not notice.
import { Child, nodeProgram } from "tidewire/bench";
import type { Dialect } from "./dialects.ts";
import { frameSource } from "./frame-source.ts";
import { requestLife } from "./request-lives.ts";
import { socketLife } from "./socket-lives.ts";
import type { FrameServerTalk, Vitals } from "./talk.ts";
import { type Account, Witness } from "./witness.ts";

export interface DriveOptions {
  readonly dialect: Dialect;
  readonly count: number;
  readonly seed: number;
  /** Told now and then how far it is. */
  readonly tell: (frames: number, vitals: Vitals) => void;
}

export interface Outcome {
  readonly dialect: Dialect;
  /** Frames that the server has read. */
  readonly frames: number;
  readonly seconds: number;
  readonly connections: number;
  /** How many connections ended with which close code. */
  readonly closeCodes: Readonly<Record<string, number>>;
  readonly witness: Account;
  readonly published: number;
  /** Errors in the server's log: mistakes of its own. */
  readonly errors: readonly string[];
  /** As it was after a tenth of the frames, and at the end with nobody connected but the witness. */
  readonly heldBytes: { readonly early: number; readonly end: number };
  readonly rssBytes: { readonly early: number; readonly most: number; readonly end: number };
  readonly loopDelayMs: { readonly p99: number; readonly max: number };
  readonly sessionsLeft: number;
}

const lanes = 12;
const looks = 10;
const patienceMs = 30_000;

export async function drive(options: DriveOptions): Promise<Outcome> {
  const flags = ["--expose-gc", "--max-old-space-size=1024"];
  const child = new Child<FrameServerTalk>(nodeProgram(new URL("server-process", import.meta.url), [], flags), null);
  try {
    const { port } = await child.ask("listen", null);
    const witness = new Witness(`ws://127.0.0.1:${port}/connection/websocket`);
    await witness.live();
    await child.ask("begin", null);
    try {
      return await driven(options, { child, witness, port });
    } finally {
      witness.close();
    }
  } finally {
    await child.stop();
  }
}

interface Stage {
  readonly child: Child<FrameServerTalk>;
  readonly witness: Witness;
  readonly port: number;
}

async function driven({ dialect, count, seed, tell }: DriveOptions, { child, witness, port }: Stage): Promise<Outcome> {
  const source = await frameSource(dialect, seed);
  const startedMs = performance.now();
  const closeCodes: Record<string, number> = {};
  const seen: Vitals[] = [];
  let [frames, connections, looked] = [0, 0, 0];
  const look = async (): Promise<void> => {
    const vitals = await child.ask("vitals", null);
    seen.push(vitals);
    tell(frames, vitals);
  };
  const lane = async (): Promise<void> => {
    while (frames < count) {
      connections += 1;
      const place = { port, source, number: connections };
      const life = await (dialect === "sse-post" ? requestLife(place) : socketLife(dialect, place));
      frames += life.frames;
      closeCodes[life.closeCode] = (closeCodes[life.closeCode] ?? 0) + 1;
      if (frames < ((looked + 1) * count) / looks) continue;
      looked = Math.floor((frames / count) * looks);
      await look();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - startedMs) / 1_000;
  const { published } = await child.ask("end", null);
  await witness.hears(published, patienceMs);
  await gone(child);
  await look();
  const [early, end] = [seen[0], seen.at(-1)];
  if (early === undefined || end === undefined) throw new Error("expected vitals, got none");
  const most = (of: (vitals: Vitals) => number): number => Math.max(...seen.map(of));
  return {
    dialect,
    frames,
    seconds,
    connections,
    closeCodes,
    witness: witness.account(published),
    published,
    errors: end.errors,
    heldBytes: { early: early.heldBytes, end: end.heldBytes },
    rssBytes: { early: early.rssBytes, most: most(({ rssBytes }) => rssBytes), end: end.rssBytes },
    loopDelayMs: { p99: most(({ loopDelayMs }) => loopDelayMs.p99), max: most(({ loopDelayMs }) => loopDelayMs.max) },
    sessionsLeft: end.sessions,
  };
}

/** Waits until the server has noticed that all are gone but the witness. */
async function gone(child: Child<FrameServerTalk>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while ((await child.ask("vitals", null)).sessions > 1 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What is wrong with a run; empty when nothing is. */
export function problemsOf({
  witness,
  published,
  errors,
  frames,
  sessionsLeft,
  heldBytes,
}: Outcome): readonly string[] {
  const { lost, repeated, reordered, gaps, cuts, heard } = witness;
  const grownBytes = heldBytes.end - heldBytes.early;
  return [
    ...(frames === 0 ? ["no frame was read"] : []),
    ...(published === 0 || heard === 0 ? ["the witness had nothing to hear"] : []),
    ...(lost + repeated + reordered + gaps > 0 ? [`the witness: ${JSON.stringify(witness)}`] : []),
    ...(cuts > 0 ? [`the witness was cut off ${cuts} times`] : []),
    ...errors.map((error) => `an error in the log: ${error}`),
    ...(sessionsLeft > 1 ? [`${sessionsLeft - 1} sessions are left of clients that are gone`] : []),
    ...(grownBytes > mayGrowBytes ? [`it holds ${grownBytes} bytes more than after a tenth of the frames`] : []),
  ];
}

/** Logs, remembered publishes and what channels keep; each has a limit of its own. */
const mayGrowBytes = 64 * 1_048_576;
