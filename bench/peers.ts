// Peers that are built before they can be measured, into a folder outside the repository.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Program, remoteProgram } from "tidewire/bench";

interface Peer {
  /** The program, once it is built. */
  readonly file: string;
  readonly build: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program: (file: string) => Program;
}

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tidewire-bench");
const servers = join(import.meta.dirname, "servers");

const bunVersion = "1.4.5";
const centrifugoVersion = "6.9.1";
/** One without a namespace. */
export const centrifugoChannel = "bench";
const buildMs = 600_000;
const mostWords = 300;

/** A peer that cannot be built here, with the command that failed. */
export class UnbuiltPeer extends Error {
  override readonly name: string = "UnbuiltPeer";
}

const peers = { gorilla: gorilla(), bun: bun(), centrifugo: centrifugo() } as const;

export type PeerName = keyof typeof peers;

export function isBuilt(name: PeerName): boolean {
  return existsSync(peers[name].file);
}

/** Builds it when it is not yet. @throws {UnbuiltPeer} */
export function peerProgram(name: PeerName): Program {
  const { file, build, folder, env, program }: Peer = peers[name];
  if (!isBuilt(name)) run(build, folder, env);
  return program(file);
}

function gorilla(): Peer {
  const folder = join(servers, "gorilla");
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(folder, name)));
  const file = join(cache, `gorilla-${hash.digest("hex").slice(0, 12)}`);
  const program = (): Program => ({ file, args: [], asked: "lines" });
  return { file, build: ["go", "build", "-trimpath", "-o", file, "."], folder, program };
}

/** The package of the platform holds the program; the one called bun would fetch it in a script. */
function bun(): Peer {
  const name = `@oven/bun-${process.platform}-${process.arch}`;
  const prefix = join(cache, `bun-${bunVersion}`);
  const args = ["--conditions=@tidewire/source", join(servers, "bun", "main.ts")];
  return {
    file: join(prefix, "node_modules", name, "bin", "bun"),
    build: [
      "npm",
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefix",
      prefix,
      `${name}@${bunVersion}`,
    ],
    folder: cache,
    program: (file) => ({ file, args, asked: "lines" }),
  };
}

/** It knows nothing of the bench: its API is published to, and its process looked at from outside. */
function centrifugo(): Peer {
  const folder = join(cache, `centrifugo-${centrifugoVersion}`);
  const apiKey = "bench";
  const env = {
    CENTRIFUGO_HTTP_SERVER_ADDRESS: "127.0.0.1",
    CENTRIFUGO_HTTP_SERVER_PORT: "{port}",
    CENTRIFUGO_HTTP_API_KEY: apiKey,
    CENTRIFUGO_CLIENT_INSECURE: "true",
    CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_HISTORY_SIZE: "100",
    CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_HISTORY_TTL: "300s",
    CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY: "true",
    CENTRIFUGO_LOG_LEVEL: "error",
  };
  const url = "ws://127.0.0.1/connection/websocket";
  return {
    file: join(folder, "centrifugo"),
    build: ["go", "install", `github.com/centrifugal/centrifugo/v6@v${centrifugoVersion}`],
    folder: cache,
    env: { GOBIN: folder },
    program: (file) =>
      remoteProgram({ url, channel: centrifugoChannel, by: "api", apiKey, program: { file, args: [], env } }),
  };
}

function run([file = "", ...args]: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): void {
  mkdirSync(cache, { recursive: true });
  const { error, status, stderr } = spawnSync(file, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: buildMs,
  });
  if (error === undefined && status === 0) return;
  const words = (error?.message ?? stderr).trim().slice(-mostWords);
  throw new UnbuiltPeer(`${[file, ...args].join(" ")}\n${words}`);
}
