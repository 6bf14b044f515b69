// A torture of several nodes on one engine: section after section, each on a site of its own.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatPages } from "./chat-pages.ts";
import { Clocks } from "./clocks.ts";
import { Dice } from "./dice.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { Harbor, harborEngine } from "./harbor.ts";
import { inNamespaces, type Machines, onLoopback, run } from "./machines.ts";
import { type Load, type Outcome, type Round, Rounds } from "./rounds.ts";
import type { Section } from "./sections.ts";
import { Site } from "./site.ts";
import type { Tools } from "./tools.ts";
import { isNone } from "./witness.ts";

export interface TogetherOptions {
  readonly sections: readonly Section[];
  readonly nodes: number;
  readonly load: Load;
  /** How often each kind of fault. */
  readonly times: number;
  /** For each section; those that it does not come to are left out. */
  readonly limitMs: number;
  /** Default: a minute and a half. */
  readonly patienceMs?: number;
  /** Only kinds whose name has one of these in it. */
  readonly only: readonly string[] | null;
  readonly seed: number;
  readonly tools: Tools;
  readonly say: (line: string) => void;
  /** Takes what there is so far, after each section. */
  readonly keep: (outcomes: readonly SectionOutcome[]) => void;
}

export interface SectionOutcome extends Outcome {
  readonly section: string;
  readonly isFlawless: boolean;
  /** Kinds of faults that this machine cannot do, with what failed. */
  readonly undone: Readonly<Record<string, string>>;
}

export async function torture(options: TogetherOptions): Promise<readonly SectionOutcome[]> {
  const outcomes: SectionOutcome[] = [];
  const { only } = options;
  for (const section of options.sections) {
    const kinds = section.kinds.filter(({ name }) => only === null || only.some((part) => name.includes(part)));
    if (kinds.length === 0) continue;
    outcomes.push(await tortureIn({ ...section, kinds }, options));
    options.keep(outcomes);
  }
  return outcomes;
}

async function tortureIn(section: Section, options: TogetherOptions): Promise<SectionOutcome> {
  const { tools, load, say } = options;
  const dice = new Dice(options.seed);
  const undone: Record<string, string> = {};
  const isDoable = ({ name, needs }: FaultKind): boolean => {
    const reason = needs === undefined ? null : tools.without[needs];
    if (reason !== null) undone[name] = reason;
    return reason === null;
  };
  const rounds = dice.shuffled(
    section.kinds.filter(isDoable).flatMap((kind): readonly Round[] => {
      const mayBeginEpochs = section.newEpochs.includes(kind);
      return Array.from({ length: options.times }, () => ({ kind, mayBeginEpochs }));
    }),
  );
  say(`\n${section.name}: ${rounds.length} faults`);
  const folder = mkdtempSync(join(tmpdir(), "tidewire-torture-"));
  const site = await siteOf(section, folder, options);
  const patienceMs = options.patienceMs ?? 90_000;
  let pages: ChatPages | null = null;
  let isFlawless = false;
  try {
    await site.start();
    pages = await pagesOn(site, tools.chromium, patienceMs);
    const outcome = await new Rounds(site, { dice, say }).run(load, {
      rounds,
      limitMs: options.limitMs,
      patienceMs,
      pages,
      keepsAcked: section.keepsAcked,
    });
    isFlawless = judged(outcome);
    return { section: section.name, ...outcome, isFlawless, undone };
  } finally {
    await pages?.end();
    await site.end();
    site.machines.close();
    if (section.hasOwnDisk === true)
      for (const name of site.store.servers.keys()) run("umount", site.store.folderOf(name));
    if (isFlawless) rmSync(folder, { recursive: true, force: true });
    else say(`what the programs said: ${folder}`);
  }
}

async function siteOf(section: Section, folder: string, { nodes: count, tools }: TogetherOptions): Promise<Site> {
  const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`);
  const servers = Array.from({ length: section.servers }, (_, index) => `e${index + 1}`);
  const machines = await machinesOf([...servers, ...nodes], tools);
  const clocks = new Clocks(folder, tools.faketime);
  if (section.hasOwnDisk === true && tools.without.disk === null) {
    for (const name of servers) {
      mkdirSync(join(folder, name));
      run("mount", "-t", "tmpfs", "tmpfs", join(folder, name));
    }
  }
  const store = section.store(tools, {
    folder,
    machines: servers.flatMap((name) => machines.all.get(name) ?? []),
    environment: (machine) => clocks.environment(machine),
  });
  const engine = tools.chromium === null ? null : harborEngine(store.address);
  const harbor =
    engine === null
      ? null
      : new Harbor({
          folder,
          machines: nodes.flatMap((name) => machines.all.get(name) ?? []),
          engine,
          environment: (machine) => clocks.environment(machine),
        });
  return new Site({ folder, machines, clocks, store, nodes, harbor });
}

async function machinesOf(names: readonly string[], tools: Tools): Promise<Machines> {
  const { cuts } = tools.without;
  return cuts === null ? inNamespaces(names, tools.nft) : await onLoopback(names);
}

async function pagesOn({ harbor }: Site, chromium: string | null, patienceMs: number): Promise<ChatPages | null> {
  if (harbor === null || chromium === null) return null;
  return await ChatPages.open({ chromium, url: await harbor.open(), dataFolder: harbor.dataFolder, patienceMs });
}

function judged({ faults, lostFromLog, needlesslyUnrecovered, stuck, chat }: Outcome): boolean {
  const areNone = Object.values(faults).every((found) => isNone(found));
  return (
    areNone &&
    lostFromLog === 0 &&
    needlesslyUnrecovered === 0 &&
    stuck.length === 0 &&
    (chat === null || chat.wrong.length === 0)
  );
}
