// Examples of the documents as modules: a whole program stands for itself, a fragment gets the imports it leaves out.
import path from "node:path";
import * as client from "@tidewire/client";
import * as latest from "@tidewire/client/latest";
import * as bridges from "@tidewire/bridges";
import * as postgres from "@tidewire/bridges/postgres";
import * as jobs from "@tidewire/jobs";
import * as embedded from "@tidewire/jobs/embedded";
import * as protocol from "@tidewire/protocol";
import * as react from "@tidewire/react";
import * as server from "@tidewire/server";
import * as webhooks from "@tidewire/webhooks";
import { memoryEngine } from "@tidewire/server/memory";
import { redisEngine } from "@tidewire/server/redis";
import { sqliteEngine } from "@tidewire/server/sqlite";
import type { Block } from "./blocks.ts";

/** What a fragment may name without saying where it is from. */
const doors: Readonly<Record<string, object>> = {
  "@tidewire/client": client,
  "@tidewire/client/latest": latest,
  "@tidewire/bridges": bridges,
  "@tidewire/bridges/postgres": postgres,
  "@tidewire/jobs": jobs,
  "@tidewire/jobs/embedded": embedded,
  "@tidewire/protocol": protocol,
  "@tidewire/react": react,
  "@tidewire/server": server,
  "@tidewire/webhooks": webhooks,
  "@tidewire/server/memory": { memoryEngine },
  "@tidewire/server/redis": { redisEngine },
  "@tidewire/server/sqlite": { sqliteEngine },
  zod: { z: null },
  "node:http": { createServer: null },
};

/** The module that whole programs take a reader's own from. */
export const yourOwn = `
export declare function userOf(cookie: string | undefined): Promise<{ readonly id: string; readonly name: string } | null>;
export declare const me: string;
export declare function membersOf(room: string): Promise<readonly string[]>;
export declare function mayRead(user: string, id: string): Promise<boolean>;
export declare function renameRoom(room: string, title: string, user: string): Promise<void>;
`;

/** The same by the names that fragments give it, each where it is not declared. */
const readersOwn: Readonly<Record<string, string>> = {
  secret: "declare const secret: string;",
  apiKey: "declare const apiKey: string;",
  jobs: 'declare const jobs: import("@tidewire/jobs").Jobs;',
  tide: 'declare const tide: import("@tidewire/server").Tidewire;',
  chat: 'declare const chat: import("@tidewire/protocol").ChannelDefinition<"chat:{room}">;',
  fetchToken: "declare function fetchToken(channel?: string): Promise<string>;",
  quote: 'declare const quote: import("zod").ZodType<{ readonly symbol: string; readonly price: number }>;',
  cached: "declare function cached<T>(key: string, find: () => Promise<T>): Promise<T>;",
  isMember: "declare function isMember(room: string | undefined, user: string): Promise<boolean>;",
  orders: 'declare const orders: import("@tidewire/protocol").ChannelDefinition<"public:orders">;',
  outbox: `declare const outbox: {
  oldest(limit: number): Promise<readonly { readonly id: string; readonly data: object }[]>;
  remove(id: string): Promise<void>;
};`,
};

const declares = (text: string, name: string): boolean =>
  new RegExp(String.raw`\b(?:const|let|function|class)\s+(?:\{[^}]*\b)?${name}\b`).test(text);
const names = (text: string, name: string): boolean => new RegExp(String.raw`(?<![.\w"])${name}\b`).test(text);

/** Whether it begins with what it imports, so that a reader takes it as it is. */
const isWhole = ({ text }: Block): boolean => /^import /m.test(text);

export const isTypeScript = ({ language }: Block): boolean => language === "ts" || language === "tsx";

/** Its file's name: the one that it says, or one by its line. */
export const fileOf = ({ language, line, words: [name] }: Block): string =>
  name === undefined || name.includes("/") ? `line-${line}.${language}` : name;

/** The texts of a document's examples, by the names of their files. */
export function examplesOf(blocks: readonly Block[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const exported = new Map<string, string>();
  for (const block of blocks.filter(isTypeScript)) {
    const file = fileOf(block);
    if (files.has(file)) throw new Error(`${block.document}:${block.line}: ${file} is there already`);
    files.set(file, isWhole(block) ? block.text : `${lacking(block.text, exported)}${block.text}`);
    // Fragments that follow may use it; the last of a name counts.
    for (const [, name = ""] of block.text.matchAll(/^(?:export )?(?:const|function) (\w+)/gm)) {
      const text = files.get(file) ?? "";
      if (!new RegExp(String.raw`^export (?:const|function) ${name}\b`, "m").test(text)) {
        files.set(file, text.replace(new RegExp(String.raw`^(?=(?:const|function) ${name}\b)`, "m"), "export "));
      }
      exported.set(name, `./${path.posix.basename(file)}`);
    }
  }
  return files;
}

function lacking(text: string, exported: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  const lacks = (name: string): boolean => names(text, name) && !declares(text, name);
  for (const [name, file] of exported) if (lacks(name)) lines.push(`import { ${name} } from "${file}";`);
  for (const [door, module] of Object.entries(doors)) {
    const found = Object.keys(module).filter((name) => lacks(name) && !exported.has(name));
    if (found.length > 0) lines.push(`import { ${found.join(", ")} } from "${door}";`);
  }
  for (const [name, declaration] of Object.entries(readersOwn))
    if (lacks(name) && !exported.has(name)) lines.push(declaration);
  return lines.map((line) => `${line}\n`).join("");
}
