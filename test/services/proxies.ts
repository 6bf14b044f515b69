// HAProxy, nginx and Caddy for tests: the programs that the test run found, with configurations of the documents and ports of the test's.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";
import { textOf } from "../documents/blocks.ts";

/** What is written in a configuration, and what stands for it in the test. */
export type Places = Readonly<Record<string, string>>;

export interface Proxy {
  readonly name: "haproxy" | "nginx" | "caddy";
  /** Its configuration that comes with the server. */
  readonly file: string;
  /** What stands there for a port that it listens on. */
  readonly listens: (port: number) => Places;
  /** What stands there for the longest that it lets a connection be silent. */
  readonly silence: (time: string) => Places;
  /** What stands there for what a test may not write to. */
  readonly files: (folder: string) => Places;
  readonly args: (config: string, folder: string) => readonly string[];
  readonly env: (folder: string) => NodeJS.ProcessEnv;
  /** Said when it serves, and again when it serves by its configuration anew. */
  readonly ready: string;
  /** A command that has it read its configuration anew, in the place of a signal. */
  readonly reload: NodeJS.Signals | ((config: string, folder: string) => readonly string[]);
}

const againMs = 3_000;
const none = (): Places => ({});

export const haproxy: Proxy = {
  name: "haproxy",
  file: "deploy/haproxy.cfg",
  listens: (port) => ({ "bind :8080": `bind 127.0.0.1:${port}` }),
  silence: (time) => ({
    "timeout client 60s": `timeout client ${time}`,
    "timeout server 60s": `timeout server ${time}`,
    "timeout tunnel 1h": `timeout tunnel ${time}`,
  }),
  files: none,
  // In master-worker mode it says when its worker listens; -db keeps it from going to the background.
  args: (config) => ["-W", "-db", "-f", config],
  env: none,
  ready: "Loading success",
  reload: "SIGUSR2",
};

export const nginx: Proxy = {
  name: "nginx",
  file: "deploy/nginx.conf",
  listens: (port) => ({ "listen 8080": `listen 127.0.0.1:${port}` }),
  silence: (time) => ({
    "proxy_read_timeout 60s": `proxy_read_timeout ${time}`,
    "proxy_send_timeout 60s": `proxy_send_timeout ${time}`,
  }),
  files: (folder) => ({
    "/var/log/nginx/": `${folder}/`,
    "http {": ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"].reduce(
      (text, name) => `${text}\n  ${name}_temp_path ${path.join(folder, name)};`,
      "http {",
    ),
    "worker_processes auto": "worker_processes 1",
    "worker_rlimit_nofile 40000": "worker_rlimit_nofile 2048",
    "worker_connections 20000": "worker_connections 1000",
  }),
  args: (config, folder) => {
    const settings = ["daemon off", "error_log stderr notice", `pid ${path.join(folder, "nginx.pid")}`];
    return ["-p", folder, "-e", "stderr", "-g", `${settings.join("; ")};`, "-c", config];
  },
  env: none,
  ready: "start worker process ",
  reload: "SIGHUP",
};

export const caddy: Proxy = {
  name: "caddy",
  file: "deploy/Caddyfile",
  listens: (port) => ({ "\n:8080 {": `\nhttp://127.0.0.1:${port} {\n\tbind 127.0.0.1` }),
  silence: (time) => ({ "idle 60s": `idle ${time}` }),
  files: (folder) => ({ "\tservers {": `\tadmin ${adminOf(folder)}\n\tservers {` }),
  args: (config) => ["run", "--adapter", "caddyfile", "--config", config],
  env: (folder) => ({ HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }),
  ready: "serving initial configuration",
  reload: (config, folder) => [
    "reload",
    "--force",
    "--adapter=caddyfile",
    `--config=${config}`,
    `--address=${adminOf(folder)}`,
  ],
};

/** Where it is told to read its configuration anew. */
function adminOf(folder: string): string {
  return `unix/${path.join(folder, "admin")}`;
}

export interface RunningProxy {
  /** Has it read its configuration anew; resolves when it serves by that. */
  reload(): Promise<void>;
  /** Everything that it has said so far, and written to its logs. */
  logs(): string;
}

/** Starts it, and has it gone when the test has ended; the test is skipped where there is none. */
export async function startProxy(
  context: TestContext,
  proxy: Proxy,
  { file = proxy.file, places }: { readonly file?: string; readonly places: Places },
): Promise<RunningProxy> {
  const variable = `TIDEWIRE_${proxy.name.toUpperCase()}`;
  const program = process.env[variable];
  if (program === undefined) {
    return context.skip(
      `no ${proxy.name}: ${variable} is not set; TIDEWIRE_REQUIRE=${proxy.name} npm test fetches one`,
    );
  }
  const folder = mkdtempSync(path.join(tmpdir(), `tidewire-${proxy.name}-`));
  // Whoever works in it is not always who started it.
  chmodSync(folder, 0o755);
  const config = path.join(folder, path.basename(file));
  const all = Object.entries({ ...places, ...proxy.files(folder) });
  writeFileSync(
    config,
    all.reduce((text, [from, to]) => text.replaceAll(from, to), textOf(file)),
  );
  const env = { ...process.env, ...proxy.env(folder) };
  const child = spawn(program, proxy.args(config, folder), { stdio: ["ignore", "pipe", "pipe"], env });
  const said = saidBy(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const logs = (): string => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".log"));
    return [output, ...files.map((name) => readFileSync(path.join(folder, name), "utf8"))].join("\n");
  };
  const ended = once(child, "exit");
  context.onTestFinished(async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await said(proxy.ready);
  const reload = async (): Promise<void> => {
    const { reload: how } = proxy;
    if (typeof how === "string") {
      // One that has just said that it serves may not listen to signals yet.
      const again = setInterval(() => child.kill(how), againMs);
      child.kill(how);
      return await said(proxy.ready).finally(() => clearInterval(again));
    }
    const [code] = (await once(spawn(program, how(config, folder), { stdio: "ignore", env }), "exit")) as [number];
    if (code !== 0) throw new Error(`${proxy.name} did not take its configuration anew: ${code}`);
  };
  return { reload, logs };
}

/** Waits for a text that was not waited for before; rejects when the program ends. */
function saidBy(child: ChildProcess): (text: string) => Promise<void> {
  let output = "";
  let waiting = (): void => undefined;
  let failed: ((reason: Error) => void) | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      waiting();
    });
  }
  child.once("exit", (code) => failed?.(new Error(`it ended with ${code}: ${output}`)));
  return async (text) => {
    await new Promise<void>((resolve, reject) => {
      failed = reject;
      waiting = () => {
        const at = output.indexOf(text);
        if (at < 0) return;
        output = output.slice(at + text.length);
        waiting = () => undefined;
        resolve();
      };
      waiting();
    });
  };
}
