// The machines of a torture: network namespaces joined by a router, or, where those cannot be made, all of it on this machine's loopback.
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";

/** A place where one server runs. */
export interface Machine {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** For what runs beside the server. */
  readonly secondPort: number;
  /** What is written before a command to have it run there. */
  readonly prefix: readonly string[];
}

/** What is done to what goes from one machine to another; `clients` is where readers and publishers are. */
export interface Cut {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly how: "drop" | "reset";
}

export const clients = "clients";

export interface Machines {
  readonly all: ReadonlyMap<string, Machine>;
  cut(cuts: readonly Cut[]): void;
  heal(): void;
  close(): void;
}

/** @throws {Error} With the command, and what it said. */
export function run(command: string, ...args: readonly string[]): string {
  return fed("", command, ...args);
}

function fed(input: string, command: string, ...args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
  } catch (thrown) {
    const { stderr, message } = thrown as { readonly stderr?: string; readonly message: string };
    const said = (stderr ?? "").trim();
    throw new Error(`${[command, ...args].join(" ")}: ${said === "" ? message : said}`, { cause: thrown });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("a port was expected");
  return address.port;
}

/** All on loopback. */
export async function onLoopback(names: readonly string[]): Promise<Machines> {
  const all = new Map<string, Machine>();
  for (const name of names) {
    const [port, secondPort] = [await freePort(), await freePort()];
    all.set(name, { name, host: "127.0.0.1", port, secondPort, prefix: [] });
  }
  const refuse = (): never => {
    throw new TypeError("a network that can be cut was expected, this is loopback");
  };
  return { all, cut: refuse, heal: () => undefined, close: () => undefined };
}

const table = "inet torture";
const hooks = ["input", "output", "forward"] as const;

/**
 * A namespace each, with this process as their router. It has to be in namespaces of its own, which are gone when it is.
 * @param nft The program `nft`.
 */
export function inNamespaces(names: readonly string[], nft: string): Machines {
  run("sysctl", "-qw", "net.ipv4.ip_forward=1");
  const all = new Map<string, Machine>();
  for (const [index, name] of names.entries()) {
    const [router, host] = [`10.99.${index}.1`, `10.99.${index}.2`];
    run("ip", "netns", "add", name);
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
    run("ip", "address", "add", `${router}/24`, "dev", name);
    run("ip", "link", "set", name, "up");
    run("ip", "-n", name, "link", "set", "lo", "up");
    run("ip", "-n", name, "address", "add", `${host}/24`, "dev", "eth0");
    run("ip", "-n", name, "link", "set", "eth0", "up");
    run("ip", "-n", name, "route", "add", "default", "via", router);
    all.set(name, { name, host, port: 8_000, secondPort: 8_001, prefix: ["ip", "netns", "exec", name] });
  }
  const chains = hooks.map((hook) => `add chain ${table} ${hook} { type filter hook ${hook} priority 0; }`);
  fed([`add table ${table}`, ...chains].join("\n"), nft, "-f", "-");
  const heal = (): void => void fed(`flush table ${table}`, nft, "-f", "-");
  const cut = (cuts: readonly Cut[]): void => {
    fed(cuts.flatMap(rulesOf).join("\n"), nft, "-f", "-");
  };
  const close = (): void => {
    fed(`delete table ${table}`, nft, "-f", "-");
    for (const name of names) run("ip", "netns", "delete", name);
  };
  return { all, cut, heal, close };
}

function rulesOf({ from, to, how }: Cut): readonly string[] {
  const verdict = how === "drop" ? "drop" : "meta l4proto tcp reject with tcp reset";
  return from.flatMap((source) =>
    to.map((target) => {
      if (source === clients) return `add rule ${table} output oifname "${target}" ${verdict}`;
      if (target === clients) return `add rule ${table} input iifname "${source}" ${verdict}`;
      return `add rule ${table} forward iifname "${source}" oifname "${target}" ${verdict}`;
    }),
  );
}
