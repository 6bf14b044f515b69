// The processes of sandboxes, and the sessions and priorities of processes, as the system knows them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { getPriority } from "node:os";

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

/** SCHED_IDLE, https://man7.org/linux/man-pages/man7/sched.7.html */
const idleClass = 5;

/** Whether a process of Linux has the least priority there is: the idle class, or of the ordinary one the last. */
export function standsLast(processId: number): boolean {
  // Field 41 of proc_pid_stat(5), the second of which is the program's name in brackets.
  const [, fields = ""] = readFileSync(`/proc/${processId}/stat`, "latin1").split(") ");
  return Number(fields.split(" ")[38]) === idleClass || getPriority(processId) === 19;
}
