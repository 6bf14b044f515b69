// The example of Next, installed by its own lockfile, built, started, and used in two windows of Chromium.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { manifestOf, PackedPackages } from "../packed-packages.ts";
import { chatBetween, openWindow } from "./example-windows.ts";
import { withChromium } from "./harbor.ts";
import { root } from "./server-process.ts";
import { freePort, readerEnvironment, startProject } from "./started-example.ts";

const chrome = withChromium();
const run = promisify(execFile);
const place = "examples/frameworks/next";

/** Next compiles for a while on a busy machine. */
const timeoutMs = 400_000;

/** A folder laid out as the checkout is, with the packed packages in the place of ours, so that the lockfile holds. */
async function layOut(): Promise<string> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-next-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const packed = await PackedPackages.make();
  for (const name of packed.names) await packed.unpack(name, path.join(folder, "packages", path.basename(name)));
  packed.remove();
  const left = new Set(["node_modules", ".next"]);
  cpSync(path.join(root, place), path.join(folder, place), {
    recursive: true,
    filter: (file) => !left.has(path.basename(file)),
  });
  return path.join(folder, place);
}

/** Whether what the lockfile says of our packages is what they want today. */
function expectWanted(project: string): void {
  for (const name of Object.keys(manifestOf(project).dependencies ?? {}).filter((each) =>
    each.startsWith("@tidewire/"),
  ))
    for (const [needed, version] of Object.entries(
      manifestOf(path.join(project, "node_modules", name)).dependencies ?? {},
    ))
      expect(`${needed} ${manifestOf(path.join(project, "node_modules", needed)).version}`).toBe(
        `${needed} ${version}`,
      );
}

async function counted(url: string): Promise<readonly (string | undefined)[]> {
  const page = await (await fetch(`${url}/tide/metrics`)).text();
  return ["upgrades", "sessions"].map((name) => new RegExp(`^tidewire_${name}_total (\\d+)$`, "m").exec(page)?.[1]);
}

test(
  "Next: rendered on the server it opens no connection, and two windows chat through its custom server",
  async ({ skip }) => {
    const project = await layOut();
    const port = await freePort();
    // An address that is complete, so that a connection from the server would find its way.
    const settings = { NEXT_TELEMETRY_DISABLED: "1", NEXT_PUBLIC_TIDEWIRE_URL: `ws://localhost:${port}/tide` };
    const env = { ...readerEnvironment(), ...settings };
    const install = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    const failure = await run("npm", install, { cwd: project, env }).then(
      () => null,
      (error: unknown) => String((error as { stderr?: unknown }).stderr ?? error),
    );
    // Without the registry nobody can install it, and nothing is known about it then.
    if (/\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b/.test(failure ?? ""))
      skip(`npm ${install.join(" ")} in ${place} does not reach the registry`);
    expect(failure).toBe(null);
    expectWanted(project);
    await run("npm", ["run", "build"], { cwd: project, env });

    const url = await startProject(project, { ...settings, PORT: String(port) });
    for (let count = 0; count < 3; count += 1) expect(await (await fetch(url)).text()).toContain("closed, 0 here");
    expect(await counted(url)).toEqual(["0", "0"]);

    const windows = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)] as const;
    await Promise.all(windows.map((page) => page.getByText("live, 2 here").waitFor()));
    await chatBetween(windows);
    expect(await counted(url)).toEqual(["2", "2"]);
    expect((await fetch(`${url}/api/publish`)).status).toBe(404);
  },
  timeoutMs,
);
