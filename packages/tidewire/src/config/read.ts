// Reading a configuration: flags before the environment before the file before defaults, and every mistake at once.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Config } from "./config.ts";
import type { AnyField, Group, Leaf, List } from "./field.ts";
import { nearest } from "./nearest.ts";
import { table } from "./table.ts";

export interface Sources {
  /** What the file says; `undefined` without a file. */
  readonly file: unknown;
  /** The folder from which paths in the file go on. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By the names of flags. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** What is wrong with one setting: where it stands, and what was expected and came. */
export interface Problem {
  readonly where: string;
  readonly what: string;
}

export interface Reading {
  readonly config: Config;
  readonly problems: readonly Problem[];
}

/** Where there is a problem, the value is the default: nothing may be started with it. */
export function readConfig(sources: Sources): Reading {
  const reader = new Reader(sources);
  return { config: reader.group(table as Group<unknown>, sources.file, "") as Config, problems: reader.problems };
}

/** The name of a setting in the environment. */
export function envOf(place: string, { env }: Pick<Leaf<unknown>, "env">): string {
  return env ?? `TIDEWIRE_${place.replaceAll(".", "_").toUpperCase()}`;
}

/** As it stands in the file. */
export function keyOf(name: string, field: AnyField): string {
  return field.kind === "leaf" && field.secret !== undefined ? `${name}_file` : name;
}

/** All fields of a group. */
export function fieldsOf(group: Group<unknown>): readonly (readonly [string, AnyField])[] {
  return Object.entries(group.fields) as [string, AnyField][];
}

/** A value, by whom it was given; `where` names it as the user knows it. */
interface Given {
  readonly where: string;
  readonly value: unknown;
  readonly from: "file" | "elsewhere";
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  group(group: Group<unknown>, given: unknown, place: string): unknown {
    const values = this.#object(given, place);
    const fields = fieldsOf(group);
    this.#unknown(Object.keys(values), fields, place);
    const read = fields.map(([name, field]) => {
      const key = keyOf(name, field);
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      return [name, this.#field(field, value, place === "" ? name : `${place}.${name}`)] as const;
    });
    return Object.fromEntries(read);
  }

  #field(field: AnyField, given: unknown, place: string): unknown {
    if (field.kind === "group") return this.group(field, given, place);
    if (field.kind === "list") return this.#list(field, given, place);
    return field.secret === undefined ? this.#leaf(field, given, place) : this.#secret(field, given, place);
  }

  #list(list: List<unknown>, inFile: unknown, place: string): readonly unknown[] {
    const name = envOf(place, {});
    const text = this.#env(name);
    const given = text === undefined ? inFile : json(text);
    if (given === undefined) return [];
    const where = text === undefined ? place : name;
    if (!Array.isArray(given)) return this.#wrong(where, "a list", given) ?? [];
    return given.map((item, index) => this.group(list.item, item, `${where}[${index}]`));
  }

  #leaf(leaf: Leaf<unknown>, inFile: unknown, place: string): unknown {
    const given = this.#given(leaf, inFile, place);
    if (given === null) return leaf.isPath === true ? resolved(".", leaf.fallback) : leaf.fallback;
    const value = leaf.read(given.value);
    if (value === undefined) return this.#wrong(given.where, leaf.expected, given.value) ?? leaf.fallback;
    if (leaf.isPath !== true) return value;
    return resolved(given.from === "file" ? this.#sources.folder : ".", value);
  }

  /** From a flag, the environment or the file, in this order. */
  #given(leaf: Leaf<unknown>, inFile: unknown, place: string): Given | null {
    const flag = leaf.flag === undefined ? undefined : this.#sources.flags[leaf.flag.name];
    if (leaf.flag !== undefined && flag !== undefined) {
      return { where: `--${leaf.flag.name}`, value: leaf.parse(flag), from: "elsewhere" };
    }
    const name = envOf(place, leaf);
    const text = this.#env(name);
    if (text !== undefined) return { where: name, value: leaf.parse(text), from: "elsewhere" };
    return inFile === undefined ? null : { where: place, value: inFile, from: "file" };
  }

  #secret(leaf: Leaf<unknown>, inFile: unknown, place: string): string | null {
    const name = envOf(place, leaf);
    const direct = this.#env(name);
    if (direct !== undefined) return this.#longEnough(leaf, name, direct);
    const named = this.#env(`${name}_FILE`);
    const where = named === undefined ? `${place}_file` : `${name}_FILE`;
    const given = named ?? inFile;
    if (given === undefined) return null;
    if (typeof given !== "string" || given === "") return this.#wrong(where, leaf.expected, given) ?? null;
    const file = path.resolve(named === undefined ? this.#sources.folder : ".", given);
    const text = this.file(where, file);
    return text === null ? null : this.#longEnough(leaf, where, text);
  }

  /** What a file holds; `null`, and a problem, when it cannot be read. */
  file(where: string, file: string): string | null {
    if (!existsSync(file)) return this.#problem(where, `there is no file ${file}`) ?? null;
    try {
      return readFileSync(file, "utf8").trim();
    } catch (thrown) {
      const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
      return this.#problem(where, `the file ${file} cannot be read: ${code}`) ?? null;
    }
  }

  /** A secret's own words are in no message. */
  #longEnough({ secret }: Leaf<unknown>, where: string, value: string): string | null {
    const least = secret?.leastLength ?? 0;
    if (value.length >= least) return value;
    return this.#problem(where, `expected at least ${least} characters, got ${value.length}`) ?? null;
  }

  #object(given: unknown, place: string): Readonly<Record<string, unknown>> {
    if (given === undefined) return {};
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as Record<string, unknown>;
    return this.#wrong(place === "" ? "the file" : place, "an object", given) ?? {};
  }

  #unknown(given: readonly string[], fields: readonly (readonly [string, AnyField])[], place: string): void {
    const known = fields.map(([name, field]) => keyOf(name, field));
    for (const name of given) {
      if (known.includes(name) || (name === "$schema" && place === "")) continue;
      const named = /^[\w$-]{1,64}$/.test(name) ? name : clipped(JSON.stringify(name));
      const where = place === "" ? named : `${place}.${named}`;
      const field = fields.find(([each]) => each === name)?.[1];
      if (field?.kind === "leaf") {
        // What is in a list has no name of its own in the environment.
        const other = where.includes("[") ? "" : ` or ${envOf(where, field)}`;
        this.#problem(where, `a secret stands in no configuration file; set ${where}_file${other}`);
        continue;
      }
      const near = nearest(name, known);
      this.#problem(where, near === null ? "there is no such setting" : `there is no such setting; is it ${near}?`);
    }
  }

  /** An empty variable is not set. */
  #env(name: string): string | undefined {
    const value = this.#sources.env[name];
    return value === "" ? undefined : value;
  }

  #wrong(where: string, expected: string, given: unknown): undefined {
    return this.#problem(where, `expected ${expected}, got ${shown(given)}`);
  }

  #problem(where: string, what: string): undefined {
    this.problems.push({ where, what });
    return undefined;
  }
}

function resolved(folder: string, value: unknown): unknown {
  return typeof value === "string" ? path.resolve(folder, value) : value;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Short, and on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length <= 3 ? clipped(JSON.stringify(value)) : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  // An address may have a password.
  return clipped((JSON.stringify(value) ?? typeof value).replace(/:\/\/.*@/, "://…@"));
}

const clipped = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 60)}…`);
