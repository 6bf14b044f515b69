// The unit of systemd: what it names is there, it gives a drain its time, systemd has nothing against it, and what it starts serves and ends.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { fromSource, withParent } from "../browser/server-process.ts";
import { root, textOf } from "../documents/blocks.ts";
import { freePort } from "../killable-node.ts";
import { said } from "../services/program.ts";
import { ask } from "../requesting.ts";

const file = "deploy/tidewire.service";
const lines = textOf(file)
  .split("\n")
  .flatMap((line) => {
    const [, name = "", value = ""] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
    return name === "" ? [] : [{ name, value }];
  });
const allOf = (name: string): readonly string[] => lines.filter((line) => line.name === name).map(({ value }) => value);
const one = (name: string): string => {
  const [value = ""] = allOf(name);
  expect([name, allOf(name).length]).toEqual([name, 1]);
  return value;
};
const environment = Object.fromEntries(allOf("Environment").map((setting) => setting.split("=", 2))) as Readonly<
  Record<string, string>
>;
const prefix = "/opt/tidewire/node_modules/tidewire/";
const { bin } = JSON.parse(textOf("packages/tidewire/package.json")) as { readonly bin: { readonly tidewire: string } };

test("it starts the program that the package has, with variables that there are", () => {
  expect(one("ExecStart")).toBe(`/usr/bin/node ${path.posix.join(prefix, bin.tidewire)} start`);
  const main = "packages/tidewire/src/main.ts";
  const { stdout } = spawnSync(process.execPath, [fromSource, main, "config", "--example"], {
    cwd: root,
    encoding: "utf8",
  });
  // These two decide how the others are read, and stand in no file.
  const known = new Set(["NODE_ENV", "TIDEWIRE_CONFIG", ...[...stdout.matchAll(/\b[A-Z][A-Z_]+\b/g)].map(String)]);
  for (const name of Object.keys(environment)) expect(known).toContain(name);
  const [credential = ""] = one("LoadCredential").split(":");
  expect(environment["TIDEWIRE_API_KEY_FILE"]).toBe(`%d/${credential}`);
  expect(environment["TIDEWIRE_DATA"]).toBe(`%S/${one("StateDirectory")}`);
});

test("a drain and what comes after it have their time, and a signal comes to the first process alone", () => {
  expect(Number(one("TimeoutStopSec")) * 1_000).toBeGreaterThanOrEqual(defaultLimits.drainMs + 10_000);
  expect([one("KillMode"), one("KillSignal"), one("Restart")]).toEqual(["mixed", "SIGTERM", "on-failure"]);
  expect(Number(one("LimitNOFILE"))).toBeGreaterThanOrEqual(65_536);
});

/** A folder of the test's with the unit in it, whose program is one of this machine. */
function copied(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = path.join(folder, path.basename(file));
  writeFileSync(unit, textOf(file).replace("/usr/bin/node", process.execPath));
  return unit;
}

function analyze(
  { skip }: TestContext,
  args: readonly string[],
): { readonly status: number | null; readonly output: string } {
  const { error, status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  if (error !== undefined) skip("no systemd-analyze on the path");
  return { status, output: `${stdout}${stderr}` };
}

test("systemd-analyze verify finds nothing", (context) => {
  expect(analyze(context, ["verify", copied()])).toEqual({ status: 0, output: "" });
  const unit = copied();
  writeFileSync(unit, textOf(file).replace("KillMode=mixed", "KillMode=mild"));
  expect(analyze(context, ["verify", unit]).output).toContain("mild");
});

test("it may do little: systemd-analyze security counts at most 2 of 10", (context) => {
  const { output, status } = analyze(context, ["security", "--offline=true", "--threshold=20", copied()]);
  if (output.includes("unrecognized option")) context.skip("systemd-analyze is older than 250");
  expect([status, output]).toEqual([0, expect.stringContaining("Overall exposure level")]);
});

test("what it starts serves with its environment, and ends well by its signal", { timeout: 60_000 }, async () => {
  const folder = path.dirname(copied());
  const [port, key] = [await freePort(), "a key that is long enough"];
  writeFileSync(path.join(folder, "api-key"), key);
  const places = { "%S": folder, "%d": folder, "/etc/tidewire": path.join(root, "deploy") };
  const env = Object.entries(environment).map(([name, value]) => [
    name,
    Object.entries(places).reduce((text, [from, to]) => text.replace(from, to), value),
  ]);
  const [, installed = "", ...args] = one("ExecStart").split(" ");
  const main = path.join(root, "packages/tidewire", installed.slice(prefix.length).replace("dist", "src"));
  const child = spawn(process.execPath, [fromSource, withParent, main.replace(/js$/, "ts"), ...args], {
    env: {
      PATH: process.env["PATH"],
      ...(Object.fromEntries(env) as NodeJS.ProcessEnv),
      HOST: "127.0.0.1",
      PORT: String(port),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  await said(child, "ready in");
  const url = `http://127.0.0.1:${port}`;
  const asked = [
    ask(`${url}/health/ready`),
    ask(`${url}/metrics`),
    ask(`${url}/metrics`, { headers: { "X-API-Key": key } }),
  ];
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 401, 200]);
  child.kill(one("KillSignal") as NodeJS.Signals);
  expect(await exit).toEqual([0, null]);
});
