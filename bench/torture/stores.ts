// The engines of a torture: a Redis, one or three NATS servers, or the owner of a local log, as processes that can be killed.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program, type Startable } from "./program.ts";
import type { Machine } from "./machines.ts";
import { linesOf, WatchedRedis, watchedName } from "./watched-redis.ts";

/** What a node is told of its engine. */
export type StoreAddress =
  | { readonly kind: "redis"; readonly url: string; readonly isDurable: boolean }
  /** What the Sentinels call it, and where they are. */
  | { readonly kind: "sentinels"; readonly name: string; readonly urls: readonly string[] }
  | { readonly kind: "nats"; readonly urls: readonly string[] }
  | { readonly kind: "local"; readonly path: string };

/** How Redis keeps what it is given. `durable`: as `always`, and the nodes are told that it never comes back older. */
export type Keeping = "nothing" | "everysec" | "always" | "durable";

export interface Store {
  readonly address: StoreAddress;
  readonly servers: ReadonlyMap<string, Program>;
  /** Where a server keeps its data. */
  folderOf(machine: string): string;
  /** Where Sentinels choose who of the servers is the primary. */
  readonly watched?: WatchedRedis;
}

export interface StoreOptions {
  readonly folder: string;
  readonly machines: readonly Machine[];
  /** Of programs that bear a clock of their own. */
  readonly environment: (machine: string) => Record<string, string>;
}

const plainly = (): Record<string, string> => ({});

export function redisStore(program: string, keeping: Keeping, options: StoreOptions): Store {
  const syncs = keeping === "durable" ? "always" : keeping;
  const settings = {
    save: "",
    "protected-mode": "no",
    appendonly: syncs === "nothing" ? "no" : "yes",
    ...(syncs === "nothing" ? {} : { appendfsync: syncs }),
  };
  const store = storeOf({ ...options, environment: plainly }, "Ready to accept connections", ({ host, port }, dir) => {
    const all = { port: String(port), bind: host, dir, ...settings };
    return [program, ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])];
  });
  const [{ host, port } = { host: "", port: 0 }] = options.machines;
  const address = { kind: "redis", url: `redis://${host}:${port}`, isDurable: keeping === "durable" } as const;
  return { ...store, address };
}

/** A primary with replicas, and Sentinels beside them. All servers sync each write; nothing but replication can lose it. */
export function watchedRedisStore(program: string, options: StoreOptions): Store {
  const [first] = options.machines;
  if (first === undefined) throw new TypeError("a machine for the primary was expected");
  const store = storeOf({ ...options, environment: plainly }, "Ready to accept connections", (machine, dir) => {
    const settings = {
      port: machine.port,
      bind: machine.host,
      dir,
      "protected-mode": "no",
      save: '""',
      appendonly: "yes",
      appendfsync: "always",
      // A replica gets its copy at once, and notices soon that its primary is silent.
      "repl-diskless-sync-delay": 0,
      "repl-ping-replica-period": 1,
      "repl-timeout": 5,
      ...(machine !== first && { replicaof: `${first.host} ${first.port}` }),
    };
    // It is written anew by the server itself when its part changes, so that a new start knows of it.
    const file = join(dir, "redis.conf");
    writeFileSync(file, linesOf(Object.entries(settings).map(([setting, value]) => `${setting} ${value}`)));
    return [program, file];
  });
  const urls = options.machines.map((machine) => `redis://${machine.host}:${machine.secondPort}`);
  return {
    ...store,
    address: { kind: "sentinels", name: watchedName, urls },
    watched: new WatchedRedis(program, options),
  };
}

/** Several servers are one cluster. */
export function natsStore(program: string, options: StoreOptions): Store {
  const { machines } = options;
  const routes = machines.map(({ host, secondPort }) => `nats-route://${host}:${secondPort}`).join(", ");
  const store = storeOf(
    { ...options, environment: plainly },
    "Server is ready",
    ({ name, host, port, secondPort }, dir) => {
      const cluster = `server_name: ${name}\ncluster { name: torture, listen: "${host}:${secondPort}", routes: [${routes}] }`;
      const file = join(dir, "nats.conf");
      const lines = [`listen: "${host}:${port}"`, "max_payload: 8MB", `jetstream { store_dir: "${dir}/store" }`];
      writeFileSync(file, [...lines, ...(machines.length > 1 ? [cluster] : [])].join("\n"));
      return [program, "-c", file];
    },
  );
  return { ...store, address: { kind: "nats", urls: machines.map(({ host, port }) => `nats://${host}:${port}`) } };
}

export function localStore(options: StoreOptions): Store {
  const script = join(import.meta.dirname, "owner-process.ts");
  const path = join(options.folder, "owner", "log");
  const flags = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
  const command = (_machine: Machine, dir: string): readonly string[] => [
    process.execPath,
    ...flags,
    script,
    join(dir, "log.db"),
    path,
  ];
  return { ...storeOf(options, "listening", command), address: { kind: "local", path } };
}

function storeOf(
  { folder, machines, environment }: StoreOptions,
  ready: string,
  commandOf: (machine: Machine, dir: string) => readonly string[],
): Omit<Store, "address"> {
  const folderOf = (machine: string): string => join(folder, machine);
  const servers = new Map<string, Program>();
  for (const machine of machines) {
    const { name, prefix } = machine;
    const dir = folderOf(name);
    mkdirSync(dir, { recursive: true });
    const [command = "", ...args] = [...prefix, ...commandOf(machine, dir)];
    servers.set(name, new Program({ command, args, env: environment(name), ready, log: join(folder, `${name}.log`) }));
  }
  return { servers, folderOf };
}

/** Copies what a server holds; the function puts that in the place of what it holds later, and starts it again. */
export function copyOf(server: Startable, folder: string): () => Promise<void> {
  const copy = `${folder}-copy`;
  // So that nothing changes while it is copied.
  server.signal("SIGSTOP");
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  server.signal("SIGCONT");
  return async () => {
    await server.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    cpSync(copy, folder, { recursive: true });
    await server.start();
  };
}
