// The processes of sandboxes, and the sessions of processes, as the system knows them.
import { execFileSync } from "node:child_process";

/** The processes of sandboxes below another one. */
export function sandboxesBelow(parent: number): readonly number[] {
  const lines = execFileSync("ps", ["-A", "-o", "ppid=,pid=,args="], { encoding: "utf8" }).split("\n");
  const fields = lines.filter((line) => line.includes("--permission")).map((line) => line.trim().split(/\s+/));
  return fields.filter(([above]) => Number(above) === parent).map(([, id]) => Number(id));
}

/** Below Linux' autogroups the processors are shared between these first. */
export function sessionOf(processId: number): number {
  return Number(execFileSync("ps", ["-o", "sess=", "-p", String(processId)], { encoding: "utf8" }));
}
