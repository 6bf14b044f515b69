// `npm create tidewire`, packed as for the registry: what it says, what it makes, and a client that chats through that.
import { readdirSync } from "node:fs";
import { createClient } from "@tidewire/client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createdProject, Creator } from "./created-project.ts";
import { PackedPackages, type Project } from "./packed-packages.ts";
import { startProject } from "./browser/started-example.ts";

/** Compilers, and Vite where there is a page to build. */
const buildMs = 120_000;

let packed: PackedPackages;
beforeAll(async () => {
  packed = await PackedPackages.make();
}, 120_000);
afterAll(() => packed.remove());

test("it makes a project and says how to go on, and asks nothing where nobody could answer", async () => {
  const creator = await Creator.unpack(packed);
  expect(await creator.run("my-app")).toEqual({
    code: 0,
    output: `Made ${creator.at("my-app")} from the template node. Now:\n\n  cd my-app\n  npm install\n  npm run dev\n\n`,
  });
  const files = [".gitignore", "README.md", "channels.ts", "index.html", "package.json", "server.ts", "tsconfig.json"];
  expect(readdirSync(creator.at("my-app")).sort()).toEqual(files);
});

test("what it cannot make it refuses in one line, and leaves everything as it is", async () => {
  const creator = await Creator.unpack(packed);
  await creator.run("my-app", "--template=express");
  const before = readdirSync(creator.at("."), { recursive: true });
  const refusals = [
    [["my-app"], /^create-tidewire: expected a new or empty folder; got .*my-app with .* and more in it\n$/],
    [["My-App"], /^create-tidewire: expected a folder whose name npm takes: .*; got "My-App"\n$/],
    [["other", "--template", "vue"], /^create-tidewire: expected a template: node, express, react; got "vue"\n$/],
    [["my-app/package.json/x"], /^create-tidewire: expected a new or empty folder; got a file in the way of .*\n$/],
    [[], /^create-tidewire: expected a folder, .*; got none\n$/],
  ] as const;
  for (const [args, message] of refusals) {
    const { code, output } = await creator.run(...args);
    expect([code, output]).toEqual([1, expect.stringMatching(message)]);
  }
  expect(readdirSync(creator.at("."), { recursive: true })).toEqual(before);
});

/** What its package.json does under a name, run by Node itself. */
async function runTool(project: Project, ...args: readonly string[]): Promise<void> {
  const { code, output } = await project.node(...args);
  expect(code, output).toBe(0);
}

test.each(["node", "express", "react"])(
  "%s: it type-checks, starts, and a client hears itself through it",
  async (template) => {
    const project = await createdProject(packed, template);
    await runTool(project, "node_modules/typescript/bin/tsc");
    if (template === "react") await runTool(project, "node_modules/vite/bin/vite.js", "build", "--logLevel=warn");
    const url = await startProject(project.folder, { PORT: "0" });

    const client = createClient({ url: `${url.replace("http", "ws")}/connection/websocket` });
    onTestFinished(() => client.close());
    const room = client.channel(template === "node" ? "lobby" : "chat:lobby");
    const heard = new Promise((resolve) => room.onPublication(({ data }) => resolve(data)));
    const live = new Promise((resolve) => room.onState(({ kind }) => kind === "live" && resolve(kind)));
    room.open();
    client.connect();
    await live;
    await room.publish("hello");
    expect(await heard).toBe("hello");
    if (template === "express") expect(await (await fetch(`${url}/lines`)).json()).toEqual(["hello"]);
    expect((await fetch(`${url}/package.json`)).status).toBe(404);
  },
  buildMs,
);
