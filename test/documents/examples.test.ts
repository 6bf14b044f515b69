// Every block of TypeScript in the documents means what it says: the compiler takes it.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Block, blocksOf, documents, root } from "./blocks.ts";
import { examplesOf, fileOf, isTypeScript, yourOwn } from "./examples.ts";

/** Beside the checkout, since what is in it has settings of its own. */
function emptyProject(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-examples-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const compilerOptions = {
    typeRoots: [path.join(root, "node_modules/@types")],
    // A fragment need not use all that it makes, nor say what it returns.
    noUnusedLocals: false,
    incremental: false,
    tsBuildInfoFile: null,
  };
  const config = { extends: path.join(root, "tsconfig.tests.json"), compilerOptions, include: ["*/*"], references: [] };
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

const folderOf = (document: string): string => document.replaceAll(/[^A-Za-z0-9]+/g, "-");

function write(folder: string, blocks: readonly Block[]): void {
  for (const document of new Set(blocks.map((block) => block.document))) {
    mkdirSync(path.join(folder, folderOf(document)));
    writeFileSync(path.join(folder, folderOf(document), "your-own.ts"), yourOwn);
    for (const [file, text] of examplesOf(blocks.filter((block) => block.document === document))) {
      writeFileSync(path.join(folder, folderOf(document), file), text);
    }
  }
}

/** What the compiler says, each line with the place of the example it is about. */
async function complaints(blocks: readonly Block[]): Promise<readonly string[]> {
  const folder = emptyProject();
  write(folder, blocks);
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const output = await new Promise<string>((resolve) => {
    const args = [compiler, "-p", folder, "--pretty", "false"];
    execFile(process.execPath, args, { cwd: folder }, (_failed, stdout, stderr) => resolve(stdout + stderr));
  });
  const places = new Map(
    blocks.map((block) => [`${folderOf(block.document)}/${fileOf(block)}`, `${block.document}:${block.line}`]),
  );
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => line.replace(/^[^(]+/, (file) => places.get(file) ?? file));
}

const example = (text: string, line = 1, language = "ts"): Block => ({
  document: "x.md",
  line,
  language,
  words: [],
  text,
});

// What stands in the guide's pages is a file of a program, which the checks compile as that.
const examples = documents()
  .flatMap((document) => blocksOf(document))
  .filter((block) => isTypeScript(block) && block.words[0]?.includes("/") !== true);

test("the examples of the documents compile", { timeout: 120_000 }, async () => {
  expect(examples.length).toBeGreaterThan(6);
  expect(await complaints(examples)).toEqual([]);
});

test("what does not compile is named with its document and line", { timeout: 120_000 }, async () => {
  const found = await complaints([
    example('const chat = defineChannel("chat:{room}", { mode: "loud" });\n', 3),
    example('import { createTidewire } from "@tidewire/server";\nvoid createTidewire({});\n', 9),
    example("const view = useChannel(chat);\nvoid view;\n", 20, "tsx"),
    example("void nobodyKnowsThis;\n", 30),
  ]);
  const places = found.filter((line) => line.startsWith("x.md")).map((line) => line.slice(0, line.indexOf("(")));
  expect(new Set(places)).toEqual(new Set(["x.md:3", "x.md:9", "x.md:20", "x.md:30"]));
});
