// The sandbox's process: reads one order, runs its tests one after the other, says what came of each, and ends.
import { text } from "node:stream/consumers";
import { problemOf, runTest } from "./guest.ts";
import { javaScriptOf, prepare } from "./javascript.ts";
import type { Order, Report } from "./order.ts";
import { Speaker } from "./speaker.ts";

// What comes to all of its group is for the server; whoever ends a sandbox kills it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const order = JSON.parse(await text(process.stdin)) as Order;
await warmUp(order);
tell({ kind: "ready" });
await obey(order);

/** Everything that is done once and takes long, on the account of nobody's program. */
async function warmUp({ language, limits }: Order): Promise<void> {
  prepare(language);
  await problemOf("", limits);
}

async function obey({ language, source, inputs, limits }: Order): Promise<void> {
  const code = await readable({ language, source, limits });
  if (code === null) return;
  for (const [test, input] of inputs.entries()) {
    tell({ kind: "began", test });
    const speaker = new Speaker((words) => tell({ kind: "said", test, text: words }));
    const said = (words: string): void => speaker.say(words);
    const { ending, ms, kb } = await runTest({ code, input, limits, said });
    speaker.flush();
    tell({ kind: "ended", test, ending, ms, kb });
    // What has no end in one test has none in the next.
    if (ending.kind === "time") return;
    // The worlds of tests are large, and nothing else here makes the collector come.
    globalThis.gc?.();
  }
}

async function readable({ language, source, limits }: Omit<Order, "inputs">): Promise<string | null> {
  try {
    const code = javaScriptOf({ language, source });
    const problem = await problemOf(code, limits);
    if (problem === null) return code;
    tell({ kind: "refused", message: problem });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    tell({ kind: "refused", message: message.trim().slice(0, 1_000) });
  }
  return null;
}

/** Pipes are written at once, so that what is killed in its next step has said this. */
function tell(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
