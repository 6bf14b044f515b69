#!/usr/bin/env node
// `npm create tidewire my-app`: makes a project, and says how to go on.
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { wishOf } from "./arguments.ts";
import { createProject } from "./create.ts";
import { Refusal } from "./refusal.ts";
import { defaultTemplate, type Template, templateOf, templates } from "./template.ts";

const usage = `Usage: npm create tidewire my-app
       npm create tidewire my-app -- --template react

Templates:
${Object.entries(templates)
  .map(([name, what]) => `  ${name.padEnd(8)} ${what}`)
  .join("\n")}
`;

/** Asked of a person alone: in a script nobody would answer. */
async function askForTemplate(): Promise<Template> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return defaultTemplate;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`Template: ${Object.keys(templates).join(", ")} [${defaultTemplate}] `);
    return templateOf(answer.trim() === "" ? defaultTemplate : answer.trim());
  } finally {
    terminal.close();
  }
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

async function main(): Promise<void> {
  const wish = wishOf(process.argv.slice(2));
  if (wish.kind !== "project") return void process.stdout.write(wish.kind === "help" ? usage : `${version()}\n`);
  const template = wish.template ?? (await askForTemplate());
  const folder = path.resolve(wish.folder);
  await createProject({ folder, template, templates: fileURLToPath(new URL("../templates/", import.meta.url)) });
  process.stdout.write(`Made ${folder} from the template ${template}. Now:\n\n${commands(wish.folder)}\n`);
}

function commands(folder: string): string {
  const quoted = /^[\w./@:\\-]+$/.test(folder) ? folder : JSON.stringify(folder);
  return [`cd ${quoted}`, "npm install", "npm run dev"].map((command) => `  ${command}\n`).join("");
}

try {
  await main();
} catch (error) {
  // What is wrong with the disk has a code and says where; only a mistake of ours wants its stack.
  const isExpected = error instanceof Refusal || (error instanceof Error && "code" in error);
  process.stderr.write(`create-tidewire: ${isExpected ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
