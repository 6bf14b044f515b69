// The kinds of settings: what each takes from a file, the environment or a flag, and how a schema says so.
import { durationOf, durationPattern, durationText } from "./duration.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Leaf<Value> {
  readonly kind: "leaf";
  /** One sentence or two, for people. */
  readonly about: string;
  /** What it wants, in words that follow "expected". */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** Its value; `undefined` when what the file says is none. */
  readonly read: (given: unknown) => Value | undefined;
  /** What stands in the environment or behind a flag, as the file would say it. */
  readonly parse: (text: string) => unknown;
  readonly fallback: Value;
  /** As the file would say it: the default, or what somebody might write. */
  readonly example: unknown;
  /** Its name in the environment. Default: its path, in capitals, behind `TIDEWIRE_`. */
  readonly env?: string;
  readonly flag?: Flag;
  /** Names a file or a folder: in the configuration file, from its own folder on. */
  readonly isPath?: true;
  /** Stands in a file of its own, which is named with `_file` at the end, or in the environment; never printed. */
  readonly secret?: { readonly leastLength: number };
}

export interface Flag {
  /** As commander calls it. */
  readonly name: string;
  /** What stands behind it in the help. */
  readonly placeholder: string;
}

export interface Group<Values> {
  readonly kind: "group";
  readonly about: string;
  readonly fields: { readonly [Name in keyof Values]: Field<Values[Name]> };
}

export interface List<Item> {
  readonly kind: "list";
  readonly about: string;
  readonly item: Group<Item>;
  /** What each item has. */
  readonly required: readonly string[];
  /** Items somebody might write. */
  readonly example: readonly unknown[];
}

/** `null`: not set. */
type Plain = string | number | boolean | null | readonly string[];

/** Leaves hold plain values and maps of texts. */
export type Field<Value> = [Value] extends [Plain]
  ? Leaf<Value>
  : [Value] extends [readonly (infer Item)[]]
    ? List<Item>
    : string extends keyof Value
      ? [Value[keyof Value]] extends [string]
        ? Leaf<Value>
        : Group<Value>
      : Group<Value>;

export type AnyField = Leaf<unknown> | Group<unknown> | List<unknown>;

/** What a setting is called beside its place in the file. */
type Names = Pick<Leaf<unknown>, "env" | "flag">;
type Said = Pick<Leaf<unknown>, "about"> & Names;

/** Without a default there is none: its value is `null`, and the example shows it as a comment. */
interface Defaulted<Value> extends Said {
  readonly fallback?: Value;
  readonly example?: unknown;
}

function leaf<Value>(
  kind: Pick<Leaf<Value>, "expected" | "schema" | "read" | "parse">,
  { fallback, example, ...said }: Defaulted<Value>,
): Leaf<Value> {
  const value = fallback ?? null;
  return { kind: "leaf", ...kind, ...said, fallback: value as Value, example: example ?? value };
}

const asIs = (text: string): unknown => text;

export function text(said: Defaulted<string>): Leaf<string> {
  const read = (given: unknown): string | undefined => (typeof given === "string" && given !== "" ? given : undefined);
  return leaf({ expected: "a text", schema: { type: "string", minLength: 1 }, read, parse: asIs }, said);
}

export function optionalText(said: Defaulted<string>): Leaf<string | null> {
  return text(said) as Leaf<string | null>;
}

export function integer(said: Defaulted<number>, [least, most]: readonly [number, number]): Leaf<number> {
  const read = (given: unknown): number | undefined =>
    typeof given === "number" && Number.isInteger(given) && given >= least && given <= most ? given : undefined;
  const parse = (written: string): unknown => (/^-?\d+$/.test(written) ? Number(written) : written);
  const schema = { type: "integer", minimum: least, maximum: most };
  return leaf({ expected: `an integer from ${least} to ${most}`, schema, read, parse }, said);
}

/** How many processes; "auto" is another word for 0, which is as many as there are cores. */
export function processes(said: Defaulted<number>): Leaf<number> {
  const whole = integer(said, [0, 256]);
  return { ...whole, parse: (written) => (written === "auto" ? 0 : whole.parse(written)) };
}

/** In milliseconds. */
export function duration(said: Defaulted<number>): Leaf<number> {
  const read = (given: unknown): number | undefined => (typeof given === "string" ? durationOf(given) : undefined);
  const kind = { expected: 'a duration such as "25s"', schema: { type: "string", pattern: durationPattern } };
  const example = said.fallback === undefined ? said.example : durationText(said.fallback);
  return leaf({ ...kind, read, parse: asIs }, { ...said, example });
}

export function toggle(said: Said): Leaf<boolean> {
  const read = (given: unknown): boolean | undefined => (typeof given === "boolean" ? given : undefined);
  const parse = (written: string): unknown => {
    if (written === "on" || written === "true") return true;
    return written === "off" || written === "false" ? false : written;
  };
  const kind = { expected: said.env === undefined ? "true or false" : "on or off", schema: { type: "boolean" } };
  return leaf({ ...kind, read, parse }, { ...said, fallback: false });
}

export function choice<Word extends string>(said: Defaulted<Word>, words: readonly Word[]): Leaf<Word> {
  const read = (given: unknown): Word | undefined => words.find((word) => word === given);
  const expected = words.length === 2 ? words.join(" or ") : `one of ${words.join(", ")}`;
  return leaf({ expected, schema: { type: "string", enum: words }, read, parse: asIs }, said);
}

/** One of a few words, or what `isAddress` takes for one. */
export function wordOrAddress(
  said: Defaulted<string>,
  words: readonly string[],
  address: { readonly isAddress: (text: string) => boolean; readonly expected: string; readonly pattern: string },
): Leaf<string> {
  const read = (given: unknown): string | undefined =>
    typeof given === "string" && (words.includes(given) || address.isAddress(given)) ? given : undefined;
  const schema = { anyOf: [{ enum: words }, { type: "string", pattern: address.pattern }] };
  return leaf({ expected: `${words.join(", ")} or ${address.expected}`, schema, read, parse: asIs }, said);
}

export function texts(said: Defaulted<readonly string[]>): Leaf<readonly string[]> {
  const read = (given: unknown): readonly string[] | undefined =>
    Array.isArray(given) && given.every((each) => typeof each === "string" && each !== "")
      ? (given as string[])
      : undefined;
  const parse = (written: string): unknown =>
    written
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  const schema = { type: "array", items: { type: "string", minLength: 1 } };
  return leaf({ expected: "a list of texts", schema, read, parse }, { ...said, fallback: said.fallback ?? [] });
}

export function textMap(said: Defaulted<Readonly<Record<string, string>>>): Leaf<Readonly<Record<string, string>>> {
  const read = (given: unknown): Readonly<Record<string, string>> | undefined =>
    typeof given === "object" &&
    given !== null &&
    !Array.isArray(given) &&
    Object.values(given).every((each) => typeof each === "string")
      ? (given as Readonly<Record<string, string>>)
      : undefined;
  const schema = { type: "object", additionalProperties: { type: "string" } };
  return leaf({ expected: "texts by name", schema, read, parse: parseJson }, { ...said, fallback: {} });
}

/** The path of a file or folder. */
export function place(said: Defaulted<string>): Leaf<string> {
  return { ...text(said), expected: "a path", isPath: true };
}

export function optionalPlace(said: Defaulted<string>): Leaf<string | null> {
  return place(said) as Leaf<string | null>;
}

/** `null` where it is not given. */
export function secret(said: Said & { readonly example: string }, leastLength: number): Leaf<string | null> {
  return { ...optionalPlace(said), expected: "the path of a file that holds it", secret: { leastLength } };
}

export function group<Values>(about: string, fields: Group<Values>["fields"]): Group<Values> {
  return { kind: "group", about, fields };
}

function parseJson(written: string): unknown {
  try {
    return JSON.parse(written) as unknown;
  } catch {
    return written;
  }
}
