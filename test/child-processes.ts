// The processes below another one, as the system knows them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const isLinux = process.platform === "linux";

export function childrenOf(processId: number): readonly number[] {
  const listed = isLinux
    ? readFileSync(`/proc/${processId}/task/${processId}/children`, "utf8")
    : execFileSync("pgrep", ["-P", String(processId)], { encoding: "utf8" });
  return listed.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** Those that run a program of this name. */
export function childrenRunning(processId: number, program: string): readonly number[] {
  return childrenOf(processId).filter((child) => commandOf(child).includes(program));
}

function commandOf(processId: number): string {
  try {
    if (isLinux) return readFileSync(`/proc/${processId}/cmdline`, "utf8");
    return execFileSync("ps", ["-o", "args=", "-p", String(processId)], { encoding: "utf8" });
  } catch {
    // It has just ended.
    return "";
  }
}
