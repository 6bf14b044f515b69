// The flags that a thread of ours starts with: the process's own, but for those that say how its program was written.
import process from "node:process";

/** `node --input-type=module -e …` is for a program without a file; a thread has one, and Node refuses to start it so. */
export const threadFlags = (): string[] => process.execArgv.filter((flag) => !flag.startsWith("--input-type"));
