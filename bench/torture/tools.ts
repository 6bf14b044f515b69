// The programs that a torture takes, and what cannot be done without those that are missing, with the command that failed.
import { chromium } from "../../tools/run/chromium.mjs";
import { faketime } from "../../tools/run/faketime.mjs";
import { nats } from "../../tools/run/nats.mjs";
import { nft } from "../../tools/run/nft.mjs";
import { ensurePage } from "../../tools/run/page.mjs";
import { redis } from "../../tools/run/redis.mjs";
import { run } from "./machines.ts";
import type { EngineName } from "./sections.ts";

export interface Tools {
  readonly redis: string;
  readonly nats: string;
  readonly nft: string;
  /** The library; `null` where there is none. */
  readonly faketime: string | null;
  /** For two windows on Harbor; `null` where there are none. */
  readonly chromium: string | null;
  /** Why these cannot be done; `null` where they can. */
  readonly without: Readonly<Record<"cuts" | "clocks" | "disk" | "browser", string | null>>;
}

/** What makes namespaces of one's own, which are gone, with all processes in them, when the first one ends. */
export const ownNamespaces: readonly string[] = [
  "--net",
  "--mount",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
];

/** Looked for outside, since there is no network in namespaces. */
export async function findTools(engine: EngineName): Promise<Tools> {
  const namespaces = failureOf(() => run("unshare", ...ownNamespaces, "ip", "netns", "list"));
  const [nftFound, faketimeFound] = [await pathOf(nft), await pathOf(faketime)];
  const browser = await browserFor(engine);
  return {
    redis: engine === "redis" ? await neededPath(redis) : "",
    nats: engine === "nats" ? await neededPath(nats) : "",
    nft: nftFound.path ?? "",
    faketime: faketimeFound.path,
    chromium: browser.path,
    without: {
      cuts: engine === "local" ? "nodes and owner meet at a socket file" : (namespaces ?? nftFound.reason),
      clocks: faketimeFound.reason,
      disk: namespaces,
      browser: browser.reason,
    },
  };
}

/** With the page that it looks at. */
async function browserFor(engine: EngineName): ReturnType<typeof pathOf> {
  if (engine === "local") return { path: null, reason: "Harbor takes no log of one machine" };
  const found = await pathOf(chromium);
  if (found.path !== null) await ensurePage();
  return found;
}

interface Findable {
  find(): { readonly path: string } | null;
  fetch(): Promise<{ readonly path: string }>;
}

async function neededPath(program: Findable): Promise<string> {
  return (program.find() ?? (await program.fetch())).path;
}

async function pathOf(program: Findable): Promise<{ readonly path: string | null; readonly reason: string | null }> {
  try {
    return { path: await neededPath(program), reason: null };
  } catch (thrown) {
    return { path: null, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function failureOf(attempt: () => void): string | null {
  try {
    attempt();
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
