// Filters: a subscriber that wants the publications with certain tags alone.
import type { Encoder } from "./encoder.ts";
import { refuse } from "./refusal.ts";

type Tags = Readonly<Record<string, string>>;

export interface Filter {
  /** Equal for filters that let the same through for the same reason. */
  readonly id: string;
  passes(tags: Tags | undefined): boolean;
}

/** What a client asks for, unchecked; names as in the Centrifuge protocol. */
export interface FilterNode {
  readonly op?: unknown;
  readonly key?: unknown;
  readonly cmp?: unknown;
  readonly val?: unknown;
  readonly vals?: unknown;
  readonly nodes?: unknown;
}

const mostNodes = 32;
const mostValues = 32;
const longestText = 255;
const noTags: Tags = {};

type Test = (tags: Tags) => boolean;
/** `found` is `undefined` where the tag is missing. */
type Comparison = (found: string | undefined, wanted: string) => boolean;

const comparisons: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ["eq", (found, wanted) => found === wanted],
  ["neq", (found, wanted) => found !== wanted],
  ["ex", (found) => found !== undefined],
  ["nex", (found) => found === undefined],
  ["sw", (found, wanted) => found?.startsWith(wanted) === true],
  ["ew", (found, wanted) => found?.endsWith(wanted) === true],
  ["ct", (found, wanted) => found?.includes(wanted) === true],
  ["lt", (found, wanted) => compare(found, wanted) < 0],
  ["lte", (found, wanted) => compare(found, wanted) <= 0],
  ["gt", (found, wanted) => compare(found, wanted) > 0],
  ["gte", (found, wanted) => compare(found, wanted) >= 0],
]);
const ordered = new Set(["lt", "lte", "gt", "gte"]);
const unary = new Set(["ex", "nex"]);

/** @throws {TidewireError} `bad_request` for what is no filter, or has too many nodes. */
export function filterOf(root: FilterNode): Filter {
  const parser = new Parser();
  const { test, id } = parser.node(root);
  return { id, passes: (tags) => test(tags ?? noTags) };
}

/** The same words, for the publications that pass. */
export function filtered(encoder: Encoder, filter: Filter): Encoder {
  return {
    id: `${encoder.id} ${filter.id}`,
    publication: (publication, channel, place) =>
      filter.passes(publication.tags) ? encoder.publication(publication, channel, place) : null,
    member: encoder.member,
  };
}

interface Parsed {
  readonly test: Test;
  readonly id: string;
}

class Parser {
  #nodes = 0;

  node(given: FilterNode): Parsed {
    this.#nodes += 1;
    if (this.#nodes > mostNodes) refuse("bad_request", `tf: expected at most ${mostNodes} nodes, got more`);
    const { op = "", nodes = [] } = given;
    if (op === "") return leaf(given);
    if (!Array.isArray(nodes) || nodes.length === 0)
      refuse("bad_request", `tf: expected nodes of ${told(op)}, got none`);
    const parts = (nodes as readonly unknown[]).map((node) => this.node(fieldsOf(node)));
    const id = `${told(op)}(${parts.map((part) => part.id).join()})`;
    if (op === "and") return { id, test: (tags) => parts.every(({ test }) => test(tags)) };
    if (op === "or") return { id, test: (tags) => parts.some(({ test }) => test(tags)) };
    const [only] = parts;
    if (op === "not" && only !== undefined && parts.length === 1) return { id, test: (tags) => !only.test(tags) };
    return refuse("bad_request", `tf: expected and, or, or not with one node, got ${told(op)} with ${parts.length}`);
  }
}

function leaf({ key, cmp, val = "", vals = [] }: FilterNode): Parsed {
  const [name, wanted] = [text(key, "a key"), text(val, "a val")];
  if (name === "") refuse("bad_request", "tf: expected a key, got none");
  const all = Array.isArray(vals)
    ? vals.map((each) => text(each, "a val"))
    : refuse("bad_request", "tf: expected vals");
  if (all.length > mostValues) refuse("bad_request", `tf: expected at most ${mostValues} vals, got ${all.length}`);
  const id = JSON.stringify([name, cmp, wanted, all]);
  const found = (tags: Tags): string | undefined => (Object.hasOwn(tags, name) ? tags[name] : undefined);
  // A missing tag counts as an empty one here, as the protocol has it.
  if (cmp === "in") return { id, test: (tags) => all.includes(found(tags) ?? "") };
  if (cmp === "nin") return { id, test: (tags) => !all.includes(found(tags) ?? "") };
  const comparison = typeof cmp === "string" ? comparisons.get(cmp) : undefined;
  if (comparison === undefined || typeof cmp !== "string") return refuse("bad_request", `tf: ${told(cmp)} is no cmp`);
  if (ordered.has(cmp) && decimal(wanted) === null) refuse("bad_request", `tf: expected a number, got ${told(val)}`);
  const against = unary.has(cmp) ? "" : wanted;
  return { id, test: (tags) => comparison(found(tags), against) };
}

function compare(found: string | undefined, wanted: string): number {
  const [left, right] = [found === undefined ? null : decimal(found), decimal(wanted)];
  return left === null || right === null ? Number.NaN : left - right;
}

/** `null`: no decimal number. */
function decimal(written: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : null;
}

function text(value: unknown, what: string): string {
  if (value === undefined) return "";
  if (typeof value === "string" && value.length <= longestText) return value;
  return refuse("bad_request", `tf: expected ${what} of at most ${longestText} characters, got ${told(value)}`);
}

function fieldsOf(value: unknown): FilterNode {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  return refuse("bad_request", `tf: expected a node, got ${told(value)}`);
}

function told(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 40);
}
