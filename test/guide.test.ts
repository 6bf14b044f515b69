// The guide: its pages show the programs beside them, and the first three do what their pages say.
import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { freePort } from "./browser/server-process.ts";
import { type Block, blocksOf, root, textOf } from "./documents/blocks.ts";
import { applyDifference, parseDifference } from "./documents/diff.ts";
import { hasCurl, pageOf, Program } from "./documents/program.ts";

const pages = globSync("docs/guide/[0-9]*.md", { cwd: root }).map((file) => path.basename(file));
/** The last step's files are those that deploy this repository. */
const deployed = "deploy/";
const code = (file: string): string => textOf(file.startsWith(deployed) ? file : `docs/guide/code/${file}`);
const isFile = ({ words: [name = ""] }: Block): boolean => name.includes("/");

test.each(pages)("%s shows its program as it is: whole files, and differences to the step before", (page) => {
  const step = path.basename(page, ".md");
  const blocks = blocksOf(pageOf(page));
  const shown = new Set<string>();
  for (const { words, text } of blocks.filter(isFile)) {
    const [name = ""] = words;
    expect(text, name).toBe(code(name));
    shown.add(name);
  }
  for (const { text } of blocks.filter(({ language }) => language === "diff")) {
    const difference = parseDifference(text);
    expect(applyDifference(code(difference.from), difference), difference.to).toBe(code(difference.to));
    shown.add(difference.to);
  }
  // What a page passes over in silence is the same as before; a page of HTML is as everywhere.
  const before = pages[pages.indexOf(page) - 1];
  for (const file of globSync("*.ts{,x}", { cwd: path.join(root, "docs/guide/code", step) })) {
    if (shown.has(`${step}/${file}`)) continue;
    if (before === undefined) throw new Error(`${page} does not show ${file}`);
    expect(code(`${step}/${file}`), `${page} does not show ${file}`).toBe(
      code(`${path.basename(before, ".md")}/${file}`),
    );
  }
});

test("every step has its folder and its line in the table of contents", () => {
  const contents = textOf("docs/guide/README.md");
  expect(pages.length).toBeGreaterThan(7);
  for (const page of pages) {
    expect(contents).toContain(`](${page})`);
    const isDeployed = blocksOf(pageOf(page)).some(({ words: [name = ""] }) => name.startsWith(deployed));
    const folder = isDeployed ? deployed : path.join("docs/guide/code", path.basename(page, ".md"));
    expect(existsSync(path.join(root, folder))).toBe(true);
  }
});

/** The step's server as its page starts it, and what the page does next. */
async function begin(page: string): Promise<{ readonly port: number; readonly steps: readonly Block[] }> {
  const port = await freePort();
  const blocks = blocksOf(pageOf(page));
  const start = blocks.find(({ text }) => text.startsWith("node --conditions"));
  const server = Program.start(start?.text ?? "", { PORT: String(port) });
  await server.until(/listening on/);
  const steps = blocks.map((block) => ({
    ...block,
    text: block.text.replaceAll("localhost:8080", `127.0.0.1:${port}`),
  }));
  return { port, steps };
}

/** What the page says in consoles, each with the output that it shows below. */
function saidIn(steps: readonly Block[]): readonly { readonly block: Block; readonly output: string }[] {
  return steps.flatMap((block, index) => {
    const next = steps[index + 1];
    return block.words.includes("run") && next?.words.includes("output") === true ? [{ block, output: next.text }] : [];
  });
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
const starting = (text: string): RegExp => new RegExp(`^${literal(text)}`);

test.skipIf(!hasCurl)("01-echo: text comes back, and the program's own routes answer", async () => {
  const { steps } = await begin("01-echo.md");
  const said = saidIn(steps);
  expect(said.map(({ block }) => block.language)).toEqual(["js", "sh"]);
  for (const { block, output } of said) await Program.say(block.language, block.text).until(starting(output));
});

test.skipIf(!hasCurl)("02-broadcast: two consoles and curl on one channel, and who is here", async () => {
  const { steps, port } = await begin("02-broadcast.md");
  const [console, curl] = saidIn(steps);
  if (console === undefined || curl === undefined) throw new Error("the page runs nothing");
  const first = Program.say("js", console.block.text);
  await first.until(starting(console.output));
  const second = Program.say("js", console.block.text);
  await second.until(starting(console.output));
  await first.until(starting(`${console.output}Hello\n`));
  await Program.say("sh", curl.block.text).until(new RegExp(literal(curl.output.trim())));
  for (const each of [first, second]) await each.until(/Hello\nHello from curl\n$/);
  const presence = steps.find(({ text }) => text.includes("/presence"));
  await Program.say("sh", presence?.text ?? "").until(/"clients":2/);
  const other = await fetch(`http://127.0.0.1:${port}/raw/other`, { method: "POST", body: "x" });
  expect(other.status).toBe(404);
});

test.skipIf(!hasCurl)("03-number-feed: a stream, going on where it was, and rest", { timeout: 60_000 }, async () => {
  const { steps, port } = await begin("03-number-feed.md");
  const commandOf = (word: string): string => steps.find(({ words }) => words.includes(word))?.text ?? "";
  const stream = Program.say("sh", commandOf("stream"));
  const [, epoch = ""] = await stream.until(/id: ([^:]+):1\ndata: ([1-9]|10)\n/);
  await stream.until(/:3\ndata: /);
  await stream.kill();
  const resumed = Program.say("sh", commandOf("resume"), { ID: `${epoch}:1` });
  const [, ...places] = await resumed.until(/:(\d+)\ndata: [^]*?:(\d+)\ndata: /);
  expect(places).toEqual(["2", "3"]);

  const socket = new WebSocket(`ws://127.0.0.1:${port}/raw/feed:numbers`);
  const heard: number[] = [];
  const another = (): Promise<void> =>
    new Promise((resolve) => socket.addEventListener("message", () => resolve(), { once: true }));
  socket.addEventListener("message", ({ data }) => void heard.push(Number(data)));
  await another();
  socket.send("pause");
  // What the stream is told meanwhile, this one is not; then it is told all of it.
  const before = placesOf(resumed.output).length;
  await expect.poll(() => placesOf(resumed.output).length, { timeout: 10_000 }).toBeGreaterThan(before + 2);
  const resting = heard.length;
  expect(resting).toBeLessThan(3);
  socket.send("resume");
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(resting + 1);
  const list = (numbers: readonly unknown[]): string => `,${numbers.join()},`;
  const told = (): string => list([...resumed.output.matchAll(/data: (\d+)\n/g)].map(([, number]) => number));
  await expect.poll(told).toContain(list(heard.slice(0, resting + 2)));
  expect(heard.every((number) => Number.isInteger(number) && number >= 1 && number <= 10)).toBe(true);
  socket.close();
});

const placesOf = (output: string): readonly string[] =>
  [...output.matchAll(/:(\d+)\ndata: /g)].map(([, place = ""]) => place);
