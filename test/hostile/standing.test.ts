// What stands last does so with all its threads: an attacker whose collections of garbage took the server's time would be
// measured as an attack.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { platform } from "node:os";
import { expect, test } from "vitest";
import { Child } from "tidewire/bench";
import { programOf } from "./arena.ts";
import type { StandingTalk } from "./standing-process.ts";

/** SCHED_IDLE, https://man7.org/linux/man-pages/man7/sched.7.html */
const idle = 5;
const lowest = 19;
const hasClasses = spawnSync("chrt", ["--version"]).status === 0;

/** Of each thread: its nice value and its class, the 19th and the 41st of what proc(5) lists. */
function standings(pid: number): readonly { readonly nice: number; readonly policy: number }[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    // Behind the name, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { nice: Number(fields[16]), policy: Number(fields[38]) };
  });
}

test.runIf(platform() === "linux")("a process that stands last does so with all its threads", async () => {
  const child = new Child<StandingTalk>(programOf("standing", []), null);
  try {
    const { pid, standing } = await child.ask("stand", null);
    const threads = standings(pid);
    expect(threads.length).toBeGreaterThan(1);
    expect(standing).toBe(hasClasses ? "idle" : "priority");
    const isLast = ({ nice, policy }: (typeof threads)[number]): boolean =>
      hasClasses ? policy === idle : nice === lowest;
    expect(threads.filter((thread) => !isLast(thread))).toEqual([]);
  } finally {
    await child.stop();
  }
});
