// Shards: the seeds of one summary over several processes, since a run has one thread.
import { spawn } from "node:child_process";
import path from "node:path";
import { merge, type Summary } from "./summary.ts";

const main = path.join(import.meta.dirname, "main.ts");

export interface Shard {
  readonly from: number;
  readonly seeds: number;
  readonly plant: string | null;
}

/** One process that runs seeds one after another. @throws {Error} with what it said when it failed. */
export async function runShard({ from, seeds, plant }: Shard): Promise<Summary> {
  const planted = plant === null ? [] : ["--plant", plant];
  const args = [
    "--conditions=@tidewire/source",
    main,
    "--json",
    "--workers",
    "1",
    "--from",
    `${from}`,
    "--seeds",
    `${seeds}`,
  ];
  const child = spawn(process.execPath, [...args, ...planted], { stdio: ["ignore", "pipe", "pipe"] });
  let [said, wrong] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (wrong += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`seeds ${from} to ${from + seeds - 1} ended with ${code}: ${wrong.slice(0, 2_000)}`);
  return JSON.parse(said) as Summary;
}

/** Pieces of at most this many seeds, so that a process that is quicker takes more of them. */
const pieceSeeds = 250;

export async function runSeeds(from: number, seeds: number, workers: number): Promise<Summary> {
  const pieces: Shard[] = [];
  const size = Math.max(1, Math.min(pieceSeeds, Math.ceil(seeds / workers)));
  for (let at = from; at < from + seeds; at += size) {
    pieces.push({ from: at, seeds: Math.min(size, from + seeds - at), plant: null });
  }
  return merge(await inTurn(pieces, workers, runShard));
}

/** Does the same with each, so many at a time; the answers are in the order of what was given. */
export async function inTurn<T, U>(list: readonly T[], workers: number, act: (item: T) => Promise<U>): Promise<U[]> {
  const answers: U[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < list.length) {
      const place = next;
      next += 1;
      const item = list[place];
      if (item !== undefined) answers[place] = await act(item);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return answers;
}
