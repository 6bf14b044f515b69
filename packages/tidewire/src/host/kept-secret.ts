// Secrets kept in the data folder, readable by their owner alone.
import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";

/** What the file says, or what `make` makes for it when there is none. @throws when the folder cannot be written. */
export function keptSecret(path: string, make: () => string = () => randomBytes(32).toString("base64url")): string {
  try {
    // `wx`: of two processes that start at once, one makes the secret and the other reads it.
    writeFileSync(path, `${make()}\n`, { flag: "wx", mode: 0o600 });
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST")) throw thrown;
    chmodSync(path, 0o600);
  }
  const secret = readFileSync(path, "utf8").trim();
  if (secret.length < 16) throw new Error(`${path} is too short for a secret; delete it and start again`);
  return secret;
}

/** A key for development, which says what it is. */
export function makeApiKey(): string {
  return `tw_dev_${randomBytes(18).toString("base64url")}`;
}
