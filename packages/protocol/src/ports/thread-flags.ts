// The flags that a thread of ours starts with: the process's own, but where those would keep it from starting.
import process from "node:process";

/**
 * `node --input-type=module -e …` is for a program without a file; a thread has one, and Node refuses to start it so. Then it
 * has of the flags those by which modules are found. `undefined`: it inherits them all, those too that no thread may be given.
 */
export function threadFlags(): string[] | undefined {
  const flags = process.execArgv;
  if (!flags.some((flag) => flag.startsWith("--input-type"))) return undefined;
  return flags.filter((flag) => flag.startsWith("--conditions="));
}
