// The mark: a small file beside the database that says which one it is, and how far it had come.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "@tidewire/protocol/ports";

export interface Marked {
  /** The incarnation that wrote to the database last; "" where none has. */
  readonly name: string;
  /** The one that was about to, if its first commit may or may not be there. */
  readonly next: string;
  /** The database has at least so many commits. */
  readonly commits: number;
}

/** A line of this many bytes, written over the one before: within a sector, so it is there as a whole or not at all. */
const lineBytes = 160;

export class Mark {
  readonly #path: string;
  #handle: number | null;

  constructor(path: string) {
    this.#path = path;
    this.#handle = openIfThere(path);
  }

  /** `null` where there is none, or what is there was damaged. */
  read(): Marked | null {
    if (this.#handle === null) return null;
    const bytes = Buffer.alloc(lineBytes);
    const length = readSync(this.#handle, bytes, 0, lineBytes, 0);
    const [head, sum, name = "", next = "", commits] = bytes.toString("utf8", 0, length).trimEnd().split(" ");
    const marked = { name: name.slice(1), next: next.slice(1), commits: Number(commits) };
    return head === "tidewire-mark" && sum === sumOf(marked) ? marked : null;
  }

  /** Reaches the operating system: it outlives the process, and a power cut once it was synced. */
  write(marked: Marked): void {
    const { name, next, commits } = marked;
    const line = `tidewire-mark ${sumOf(marked)} =${name} =${next} ${commits}`.padEnd(lineBytes - 1);
    this.#handle ??= create(this.#path);
    writeSync(this.#handle, `${line}\n`, 0);
  }

  sync(): void {
    if (this.#handle !== null) fsyncSync(this.#handle);
  }

  close(): void {
    if (this.#handle !== null) closeSync(this.#handle);
    this.#handle = null;
  }
}

function sumOf({ name, next, commits }: Marked): string {
  return createHash("sha256").update(`${name} ${next} ${commits}`).digest("hex").slice(0, 16);
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r+");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw thrown;
  }
}

function create(path: string): number {
  const handle = openSync(path, "w+", 0o600);
  syncFolder(dirname(path));
  return handle;
}
