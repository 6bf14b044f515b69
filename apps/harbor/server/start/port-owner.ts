// Finds out which process listens on a port, where the system tells (Linux, through /proc).
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const listening = "0A";

/** The process id, or `null` when it is not known: another system, or somebody else's process. */
export function portOwner(port: number): number | null {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listenersIn(table, port)));
    return inodes.size === 0 ? null : holderOf(inodes);
  } catch {
    // No /proc here.
    return null;
  }
}

/** A row reads: `sl local:port remote:port state queues timer retransmits uid timeout inode`. */
function listenersIn(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return read(table)
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .filter((row) => row[3] === listening && row[1]?.endsWith(`:${hexPort}`))
    .map((row) => row[9] ?? "");
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function holderOf(inodes: ReadonlySet<string>): number | null {
  for (const processId of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (descriptorsOf(processId).some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "none"))) {
      return Number(processId);
    }
  }
  return null;
}

function descriptorsOf(processId: string): string[] {
  const folder = `/proc/${processId}/fd`;
  try {
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        return [readlinkSync(`${folder}/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    // Another user's process, or one that has just ended.
    return [];
  }
}
