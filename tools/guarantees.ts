// Checks that GUARANTEES.md is held by tests: every sentence and cell has a note, and every note names a test that runs.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor, type VisitorObject } from "oxc-parser";

/** Sections that promise nothing. */
const free = ["How to read this page", "What is not promised", "Tried at length", "The tests"];
const note = String.raw`\[\^[a-z0-9-]+\]`;

/** The titles of the tests in a source; those that are skipped or still to be written hold nothing. */
export function testsIn(file: string, source: string): ReadonlySet<string> {
  const titles = new Set<string>();
  const visitor = new Visitor({
    CallExpression: ({ callee, arguments: [first] }) => {
      const [kind, ...more] = wordsOf(callee);
      const isTest = kind === "it" || kind === "test";
      const title = first === undefined ? null : titleOf(first);
      if (isTest && title !== null && !more.some((word) => idle.has(word))) titles.add(title);
    },
  });
  visitor.visit(parseSync(file, source).program);
  return titles;
}

type Call = Parameters<NonNullable<VisitorObject["CallExpression"]>>[0];

const idle: ReadonlySet<string> = new Set(["skip", "todo", "fails"]);

/** `it.each(rows)` is "it", "each". */
function wordsOf(callee: Call["callee"]): string[] {
  if (callee.type === "Identifier") return [callee.name];
  if (callee.type === "CallExpression") return wordsOf(callee.callee);
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return [];
  return [...wordsOf(callee.object), callee.property.name];
}

function titleOf(argument: Call["arguments"][number]): string | null {
  if (argument.type === "Literal") return typeof argument.value === "string" ? argument.value : null;
  if (argument.type !== "TemplateLiteral" || argument.expressions.length > 0) return null;
  return argument.quasis[0]?.value.cooked ?? null;
}

/** Notes that are defined: name, file and title. */
function notesIn(document: string): Map<string, { readonly file: string; readonly title: string }> {
  const definitions = document.matchAll(/^\[\^([a-z0-9-]+)\]: \[[^\]]+\]\(([^)]+)\): (.+)$/gm);
  return new Map([...definitions].map(([, name = "", file = "", title = ""]) => [name, { file, title }]));
}

/** What ends without a note in the sections that promise something. */
function unheld(document: string): string[] {
  const problems: string[] = [];
  for (const section of document.split(/^## /m).slice(1)) {
    const [heading = "", ...lines] = section.split("\n");
    if (free.includes(heading)) continue;
    const isRow = (line: string): boolean => line.startsWith("|");
    const [, , ...rows] = lines.filter(isRow);
    const cells = rows.flatMap((row) => row.split("|").slice(2, -1));
    const ended = new RegExp(`${note}\\s*$`);
    problems.push(...cells.filter((cell) => !ended.test(cell)));
    const text = lines.filter((line) => !isRow(line)).join(" ");
    // What follows a sentence is its note: a full stop before white space has none.
    problems.push(...[...text.matchAll(/[^.!?]*[.!?](?=\s|$)/g)].map(([sentence]) => sentence));
  }
  return problems.map((problem) => `no test is named for: ${problem.trim()}`);
}

/** Every broken rule, one sentence each. @param read A file of the repository; `null` where there is none. */
export function checkGuarantees(document: string, read: (file: string) => string | null): string[] {
  const defined = notesIn(document);
  const used = new Set([...document.matchAll(/\[\^([a-z0-9-]+)\](?!:)/g)].map(([, name = ""]) => name));
  const problems = unheld(document);
  for (const name of used) if (!defined.has(name)) problems.push(`[^${name}] is not defined`);
  for (const [name, { file, title }] of defined) {
    const source = read(file);
    if (!used.has(name)) problems.push(`[^${name}] is not used`);
    if (source === null) problems.push(`[^${name}]: there is no ${file}`);
    else if (!testsIn(file, source).has(title)) problems.push(`[^${name}]: ${file} has no test "${title}"`);
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = (file: string): string => path.join(import.meta.dirname, "..", file);
  const read = (file: string): string | null => (existsSync(at(file)) ? readFileSync(at(file), "utf8") : null);
  const problems = checkGuarantees(read("GUARANTEES.md") ?? "", read);
  if (problems.length > 0) console.log(problems.join("\n"));
  process.exitCode = problems.length > 0 ? 1 : 0;
}
