// Folders that survive a power cut.
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes it where it is not there, and those above it. A new folder survives a power cut only when the one that lists it was
 * synced; SQLite syncs its own folder alone.
 * @param mode Who may use what is made. Default: everybody whom the process's umask lets.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  const first = mkdirSync(folder, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** Has the disk keep which files are in it. */
export function syncFolder(folder: string): void {
  let handle: number | null = null;
  try {
    handle = openSync(folder, "r");
    fsyncSync(handle);
  } catch (thrown) {
    // Windows cannot, and needs not: its file systems keep the order of such changes themselves.
    const mayIgnore = thrown instanceof Error && "code" in thrown && thrown.code !== "EIO";
    if (!mayIgnore) throw thrown;
  } finally {
    if (handle !== null) closeSync(handle);
  }
}
