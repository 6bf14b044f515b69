// The files of deploy/: what they name is there, and what they start answers. No engine of containers is asked.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { defaultLimits } from "../packages/server/src/options.ts";
import { root, textOf } from "./documents/blocks.ts";
import { Program } from "./documents/program.ts";
import { freePort } from "./killable-node.ts";

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly stop_grace_period?: string;
  readonly networks?: { readonly default: { readonly ipv4_address: string } };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: { readonly default: { readonly ipam: { readonly config: readonly { subnet: string }[] } } };
  readonly volumes: Readonly<Record<string, null>>;
}

/** A Dockerfile's instructions, in their order; none of ours goes over a line's end. */
const instructions = textOf("deploy/Dockerfile")
  .split("\n")
  .flatMap((line) => {
    const [, name = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return name === "" ? [] : [{ name, rest }];
  });
const allOf = (name: string): readonly string[] =>
  instructions.filter((each) => each.name === name).map(({ rest }) => rest);
const image = Object.fromEntries(allOf("ENV").map((setting) => setting.split("=", 2))) as Readonly<
  Record<"NODE_ENV" | "HOST" | "PORT" | "TIDEWIRE_DATA", string>
>;

const compose = parse(textOf("deploy/compose.yaml"), { merge: true }) as Compose;
const nodes = Object.entries(compose.services).filter(([, { image: name }]) => name === "tidewire");
const balancer = textOf("deploy/haproxy.cfg");

test("the image is built by one exact Node that can run it, without scripts of packages", () => {
  const bases = allOf("FROM").map((base) => /^node:(\d+)\.(\d+)\.\d+-[\w-]+/.exec(base));
  expect(new Set(bases.map((base) => base?.[0])).size).toBe(1);
  const [, major, minor] = bases[0] ?? [];
  expect(Number(major) * 100 + Number(minor)).toBeGreaterThanOrEqual(2218);
  const installs = allOf("RUN").filter((command) => command.startsWith("npm "));
  expect(installs.length).toBe(2);
  for (const install of installs) expect(install).toMatch(/^npm ci --ignore-scripts /);
  expect(installs.at(-1)).toContain("--omit=dev");
});

test("it runs as somebody who is not root, and copies and builds what is there", () => {
  const names = instructions.map(({ name }) => name);
  expect(allOf("USER")).toEqual(["node"]);
  expect(names.indexOf("USER")).toBeGreaterThan(names.lastIndexOf("RUN"));
  expect(names.indexOf("USER")).toBeLessThan(names.indexOf("CMD"));
  for (const copy of allOf("COPY").filter((each) => each.startsWith("--from=build "))) {
    const [, source = ""] = copy.split(" ");
    expect(source).toMatch(/^\/src\//);
    if (source !== "/src/node_modules")
      expect(existsSync(path.join(root, source.slice("/src/".length))), source).toBe(true);
  }
  const { bin } = JSON.parse(textOf("packages/tidewire/package.json")) as { bin: { tidewire: string } };
  expect((JSON.parse(allOf("CMD")[0] ?? "") as string[])[1]).toBe(`packages/tidewire/${bin.tidewire}`);
  expect(allOf("EXPOSE")).toEqual([image.PORT]);
  expect(allOf("VOLUME")).toEqual([image.TIDEWIRE_DATA]);
  expect(textOf(".dockerignore").split("\n")).toEqual(expect.arrayContaining(["**/node_modules", "**/dist", ".env"]));
});

const key = "a key that is long enough";

/** As in the container, but from the sources, on this machine alone, and in a folder of the test's. */
async function startImage(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly program: Program; readonly env: NodeJS.ProcessEnv }> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-deploy-"));
  const [node, main = "", ...args] = JSON.parse(allOf("CMD")[0] ?? "") as string[];
  const source = main.replace("/dist/", "/src/").replace(/js$/, "ts");
  const own = { ...image, HOST: "127.0.0.1", PORT: String(await freePort()), TIDEWIRE_DATA: folder };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const program = Program.start(`${node} --conditions=@tidewire/source ${source} ${args.join(" ")}`, {
    ...own,
    ...env,
  });
  return { program, env: own };
}

/** What the image's HEALTHCHECK makes of a container with this environment: its exit code. */
async function isHealthy(env: NodeJS.ProcessEnv): Promise<number | null> {
  const [, command = ""] = /CMD (\[.*\])$/.exec(allOf("HEALTHCHECK")[0] ?? "") ?? [];
  const [file, ...args] = JSON.parse(command) as string[];
  expect(file).toBe("node");
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  return await new Promise((resolve) => child.once("exit", resolve));
}

test(
  "its command serves the channels of deploy/tidewire.jsonc, and its health check tells that",
  { timeout: 60_000 },
  async () => {
    const { program, env } = await startImage({
      TIDEWIRE_API_KEY: key,
      TIDEWIRE_CONFIG: "deploy/tidewire.jsonc",
    });
    await program.until(/ready in/);
    expect(await isHealthy(env)).toBe(0);
    const url = `http://127.0.0.1:${env["PORT"]}`;
    const statuses = await Promise.all([
      fetch(`${url}/raw/lobby`, { method: "POST", body: "hello" }),
      // The server API alone publishes there.
      fetch(`${url}/raw/feed:numbers`, { method: "POST", body: "1" }),
      fetch(`${url}/raw/other`, { method: "POST", body: "hello" }),
      fetch(`${url}/api/publish`, {
        method: "POST",
        headers: { "X-API-Key": key },
        body: JSON.stringify({ channel: "feed:numbers", data: 7 }),
      }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 403, 404, 200]);
    await program.kill();
    expect(await isHealthy(env)).toBe(1);
  },
);

test("the image refuses to start without a key", { timeout: 60_000 }, async () => {
  const { program } = await startImage({ TIDEWIRE_API_KEY: "" });
  expect(await program.ended()).toContain("TIDEWIRE_API_KEY");
});

test("compose: files, variables, volumes and services that are named are there", () => {
  expect(nodes.length).toBe(3);
  const main = "packages/tidewire/src/main.ts";
  const settings = spawnSync(process.execPath, ["--conditions=@tidewire/source", main, "config", "--example"], {
    cwd: root,
    encoding: "utf8",
  }).stdout;
  for (const [name, { build, environment = {} }] of nodes) {
    expect(path.posix.join("deploy", build?.context ?? "", build?.dockerfile ?? "")).toBe("deploy/Dockerfile");
    // TIDEWIRE_CONFIG names the file and so is not in it.
    for (const variable of Object.keys(environment).filter((each) => each !== "TIDEWIRE_CONFIG")) {
      expect(settings, `${name}: ${variable}`).toMatch(new RegExp(`\\b${variable}\\b`));
    }
    expect(compose.services[new URL(environment["TIDEWIRE_ENGINE"] ?? "").hostname]?.image).toMatch(/^redis:/);
    expect(environment["TIDEWIRE_TRUST_PROXY"]).toBe(compose.services["balancer"]?.networks?.default.ipv4_address);
  }
  for (const [name, { volumes = [], depends_on: needed = [] }] of Object.entries(compose.services)) {
    for (const volume of volumes) {
      const [from = ""] = volume.split(":");
      const isThere = from.startsWith(".") ? existsSync(path.join(root, "deploy", from)) : from in compose.volumes;
      expect(isThere, `${name}: ${volume}`).toBe(true);
    }
    for (const each of Array.isArray(needed) ? needed : Object.keys(needed))
      expect(Object.keys(compose.services)).toContain(each);
  }
});

test("compose: the configuration stands where its variable says, and a node has the time that its drain takes", () => {
  for (const [, { environment = {}, volumes = [], stop_grace_period: grace }] of nodes) {
    expect(volumes).toContain(`./tidewire.jsonc:${environment["TIDEWIRE_CONFIG"]}:ro`);
    expect(Number.parseInt(grace ?? "", 10)).toBeGreaterThan(defaultLimits.drainMs / 1_000);
  }
});

test("the balancer knows every node at its port, and listens where compose publishes it", () => {
  const servers = balancer
    .split("\nbackend ")
    .slice(1)
    .map((backend) => [...backend.matchAll(/server (\S+) (\S+)/g)]);
  expect(servers.length).toBe(2);
  for (const backend of servers) {
    expect(backend.map(([, name, place]) => [name, place])).toEqual(
      nodes.map(([name]) => [name, `${name}:${image.PORT}`]),
    );
  }
  const [, port] = /bind :(\d+)/.exec(balancer) ?? [];
  expect(compose.services["balancer"]?.ports).toEqual([`8080:${port}`]);
});
