// Where owner and workers meet: a socket in a folder that only this user may enter.
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { createConnection, type Server } from "node:net";
import { once } from "node:events";
import { dirname } from "node:path";
import { fail } from "@tidewire/protocol";

const isPipe = (path: string): boolean => path.startsWith("\\\\");
const ownerAlone = 0o700;
const others = 0o077;
/** What a socket's address holds on every system that has them. */
const longestPath = 103;

/**
 * Listens at `path`; of an owner that was killed its socket is still there, and in the way.
 * @throws {TidewireError} `engine_unavailable` in words: somebody else may enter the folder, another owner listens.
 */
export async function listenAt(server: Server, path: string): Promise<void> {
  if (!isPipe(path)) makeFolder(path);
  const isTaken = await tryListening(server, path);
  if (!isTaken) return;
  if (await answers(path)) fail("engine_unavailable", `another process owns the log at ${path}`);
  rmSync(path, { force: true });
  if (await tryListening(server, path)) fail("engine_unavailable", `another process owns the log at ${path}`);
}

function makeFolder(path: string): void {
  if (Buffer.byteLength(path) > longestPath) {
    fail(
      "engine_unavailable",
      `expected a socket's path of at most ${longestPath} bytes, got ${Buffer.byteLength(path)}`,
    );
  }
  const folder = dirname(path);
  const made = mkdirSync(folder, { recursive: true, mode: ownerAlone });
  if (made !== undefined) chmodSync(folder, ownerAlone);
  const { mode } = lstatSync(folder);
  if ((mode & others) !== 0) fail("engine_unavailable", `expected a folder that nobody else may enter, got ${folder}`);
}

async function tryListening(server: Server, path: string): Promise<boolean> {
  try {
    server.listen(path);
    await once(server, "listening");
    return false;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE") return true;
    throw thrown;
  }
}

async function answers(path: string): Promise<boolean> {
  const socket = createConnection(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Nobody is behind it.
    return false;
  } finally {
    socket.destroy();
  }
}
