// Changing JSON as the tree it is, and writing it in other ways than JSON.stringify would.
import type { Dice } from "../../simulation/world/dice.ts";
import { changeBytes, type Material } from "./bytes.ts";
import { edgeNumbers, edgeTexts } from "./words.ts";

/** An object as a list, so that a key may stand in it twice. */
interface Entries {
  entries: [string, Tree][];
}

type Tree = Entries | Tree[] | string | number | boolean | null;

/** Changes one line of a text of JSON lines; what is no JSON is changed as bytes. */
export function changeJson(bytes: Uint8Array, material: Material): Uint8Array {
  const { dice, other } = material;
  const lines = Buffer.from(bytes).toString().split("\n");
  const others = Buffer.from(other).toString().split("\n");
  const at = dice.whole(0, lines.length - 1);
  const choice = dice.fraction();
  if (choice < 0.05) lines.splice(at, 0, dice.pick(others));
  else if (choice < 0.08) lines.splice(at, 1);
  else if (choice < 0.1) lines.splice(at, 0, lines[at] ?? "");
  else {
    const tree = parse(lines[at] ?? "");
    if (tree === undefined) return changeBytes(bytes, material);
    const donor = parse(dice.pick(others)) ?? null;
    lines[at] = write(changed(tree, { ...material, donor, depth: 0 }), dice);
  }
  return Buffer.from(lines.join("\n"));
}

function parse(text: string): Tree | undefined {
  try {
    return treeOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value !== "object" || value === null) return value as Tree;
  return { entries: Object.entries(value).map(([key, each]) => [key, treeOf(each)]) };
}

interface Soil extends Material {
  readonly donor: Tree;
  readonly depth: number;
}

/** Goes down by chance, and changes what it comes to. */
function changed(tree: Tree, soil: Soil): Tree {
  const { dice } = soil;
  const size = Array.isArray(tree) ? tree.length : isObject(tree) ? tree.entries.length : 0;
  if (size > 0 && dice.chance(0.75)) {
    const at = dice.whole(0, size - 1);
    if (Array.isArray(tree)) return tree.with(at, changed(tree[at] ?? null, { ...soil, depth: soil.depth + 1 }));
    const entries = (tree as Entries).entries;
    const [key, value] = entries[at] ?? ["", null];
    return { entries: entries.with(at, [key, changed(value, { ...soil, depth: soil.depth + 1 })]) };
  }
  if (Array.isArray(tree)) return dice.chance(0.5) ? changedList(tree, soil) : another(soil);
  if (isObject(tree) && dice.chance(0.8)) return changedObject(tree, soil);
  if (typeof tree === "number" && dice.chance(0.5)) return tree + dice.whole(-2, 2);
  if (typeof tree === "string" && dice.chance(0.4)) {
    return Buffer.from(changeBytes(Buffer.from(tree), soil)).toString();
  }
  return another(soil);
}

function changedList(list: readonly Tree[], soil: Soil): Tree {
  const { dice } = soil;
  const at = dice.whole(0, list.length);
  if (dice.chance(0.3)) return list.toSpliced(at, 1);
  if (dice.chance(0.1)) return Array.from({ length: most(dice, 200) }, () => list[at] ?? null);
  return list.toSpliced(at, 0, another(soil));
}

function changedObject({ entries }: Entries, soil: Soil): Tree {
  const { dice } = soil;
  const at = dice.whole(0, Math.max(0, entries.length - 1));
  const [key = "", value = null] = entries[at] ?? [];
  switch (dice.whole(0, 6)) {
    case 0:
      return { entries: entries.toSpliced(at, 1) };
    case 1:
      return { entries: entries.toSpliced(at, 1, [name(soil), value]) };
    case 2:
      // The same key once more: the last one counts.
      return { entries: entries.toSpliced(dice.whole(0, entries.length), 0, [key, another(soil)]) };
    case 3:
      return { entries: entries.toReversed() };
    case 4:
      return { entries: Array.from({ length: most(dice, 1_100) }, (_, n): [string, Tree] => [`k${n}`, n]) };
    default:
      return { entries: entries.toSpliced(dice.whole(0, entries.length), 0, [name(soil), another(soil)]) };
  }
}

function name({ dice, words }: Soil): string {
  return words.length > 0 && dice.chance(0.9) ? dice.pick(words) : dice.pick(edgeTexts);
}

function another(soil: Soil): Tree {
  const { dice, donor } = soil;
  switch (dice.whole(0, 9)) {
    case 0:
      return dice.pick([null, true, false]);
    case 1:
    case 2:
      return dice.pick(edgeNumbers);
    case 3:
      return name(soil);
    case 4:
      return dice.pick(edgeTexts);
    case 5:
      return dice.pick<Tree>([[], { entries: [] }, ""]);
    case 6:
      return { entries: [[name(soil), dice.pick(edgeNumbers)]] };
    case 7:
      return deep(dice.chance(0.3) ? dice.whole(28, 36) : most(dice, 2_000));
    case 8:
      return part(donor, dice);
    default:
      return dice.whole(0, 300);
  }
}

/** Large only now and then: what is large is slow, for us too. */
function most(dice: Dice, count: number): number {
  return dice.chance(0.02) ? count : dice.whole(1, 5);
}

function deep(levels: number): Tree {
  let tree: Tree = 0;
  for (let level = 0; level < levels; level += 1) tree = level % 2 === 0 ? [tree] : { entries: [["a", tree]] };
  return tree;
}

function part(tree: Tree, dice: Dice): Tree {
  if (dice.chance(0.3)) return tree;
  if (Array.isArray(tree) && tree.length > 0) return part(dice.pick(tree), dice);
  return isObject(tree) && tree.entries.length > 0 ? part(dice.pick(tree.entries)[1], dice) : tree;
}

function isObject(tree: Tree): tree is Entries {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}

/** Mostly as JSON.stringify does; now and then with white space, escapes and numbers that mean the same. */
function write(tree: Tree, dice: Dice): string {
  const isOdd = dice.chance(0.15);
  const space = (): string => (isOdd && dice.chance(0.3) ? dice.pick([" ", "\t", "\r", "  "]) : "");
  const text = (value: string): string => {
    const written = JSON.stringify(value);
    const first = value.codePointAt(0) ?? 0x10000;
    if (!isOdd || first > 0x7e || first < 0x20 || dice.chance(0.5)) return written;
    return `"\\u00${first.toString(16).padStart(2, "0")}${JSON.stringify(value.slice(1)).slice(1)}`;
  };
  const number = (value: number): string => {
    const written = JSON.stringify(value);
    return isOdd && dice.chance(0.3) && Number.isSafeInteger(value) ? dice.pick([`${value}.0`, `${value}e0`]) : written;
  };
  const all = (each: Tree): string => {
    if (typeof each === "string") return text(each);
    if (typeof each === "number") return number(each);
    if (Array.isArray(each)) return `[${space()}${each.map(all).join(`${space()},${space()}`)}]`;
    if (!isObject(each)) return String(each);
    const entries = each.entries.map(([key, value]) => `${space()}${text(key)}${space()}:${space()}${all(value)}`);
    return `{${entries.join(",")}${space()}}`;
  };
  return all(tree);
}
