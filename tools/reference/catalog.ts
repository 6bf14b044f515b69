// Everything that the doors let out, and the types that one meets there without being able to name them.
import path from "node:path";
import { type Shown, show } from "./declaration.ts";
import { type Door, doorsOf } from "./doors.ts";
import { type Foreign, Source } from "./source.ts";

export interface DoorPage {
  readonly door: Door;
  /** What it is: the first line of its source, or for a package's own door what its manifest says. */
  readonly purpose: string;
  readonly exports: readonly Shown[];
  /** Named by the signatures above, and by no door. */
  readonly inner: readonly Shown[];
}

interface Place {
  readonly door: Door;
  /** Of its heading on the door's page. */
  readonly anchor: string;
}

const keyOf = ({ source, name }: Shown): string => `${source.file}#${name}`;

export class Catalog {
  readonly pages: readonly DoorPage[];
  readonly #root: string;
  readonly #doors: readonly Door[];
  readonly #sources = new Map<string, Source>();
  /** Where a declaration is described; the first door that lets it out counts. */
  readonly #places = new Map<string, Place>();

  constructor(root: string) {
    this.#root = root;
    this.#doors = doorsOf(root);
    const found = this.#doors.map((door) => ({ door, exports: sorted(this.#exportsOf(door)) }));
    for (const { door, exports } of found) this.#place(exports, door);
    this.pages = found.map(({ door, exports }) => {
      const inner = isForTools(door) ? [] : this.#innerOf(exports);
      this.#place([...exports, ...inner], door);
      const purpose = purposeOf(this.#source(door.file).headline) || door.description;
      return { door, purpose, exports, inner };
    });
  }

  /** The types that `shown` names, each with the place where it is described. */
  linksOf(shown: Shown): readonly (Place & { readonly name: string })[] {
    return shown.names.flatMap((name) => {
      const found = this.#find(shown.source, name);
      const place = found === null ? undefined : this.#places.get(keyOf(found));
      return found === null || place === undefined ? [] : [{ name: found.name, ...place }];
    });
  }

  /** @throws {Error} for what is on no page. */
  placeOf(shown: Shown): Place {
    const place = this.#places.get(keyOf(shown));
    if (place === undefined) throw new Error(`expected a place of ${keyOf(shown)}, found none`);
    return place;
  }

  /** @param headings All of the page so far: of two that differ in case alone a forge numbers the second. */
  #place(headings: readonly Shown[], door: Door): void {
    const counts = new Map<string, number>();
    for (const shown of headings) {
      const word = shown.name.toLowerCase();
      const count = counts.get(word) ?? 0;
      counts.set(word, count + 1);
      const anchor = count === 0 ? word : `${word}-${count}`;
      if (!this.#places.has(keyOf(shown))) this.#places.set(keyOf(shown), { door, anchor });
    }
  }

  #source(file: string): Source {
    const source = this.#sources.get(file) ?? new Source(this.#root, file);
    this.#sources.set(file, source);
    return source;
  }

  #exportsOf(door: Door): readonly Shown[] {
    const source = this.#source(door.file);
    return [...source.exported].map(([name, from]) => {
      const found = typeof from === "string" ? this.#find(source, from) : this.#follow(source, from);
      if (found === null) throw new Error(`${door.file}: expected a declaration of ${name}, found none`);
      return { ...found, name };
    });
  }

  #innerOf(exports: readonly Shown[]): readonly Shown[] {
    const found = new Map<string, Shown>();
    const visit = (shown: Shown): void => {
      for (const name of shown.names) {
        const next = this.#find(shown.source, name);
        if (next === null || this.#places.has(keyOf(next)) || found.has(keyOf(next))) continue;
        found.set(keyOf(next), next);
        visit(next);
      }
    };
    for (const shown of exports) visit(shown);
    return sorted([...found.values()]);
  }

  /** What `name` means in `source`; `null` for what is none of ours: a type of the language, a parameter, a library. */
  #find(source: Source, name: string): Shown | null {
    const declared = source.declared.get(name);
    if (declared !== undefined) return show(source, declared);
    const foreign = source.imported.get(name);
    return foreign === undefined ? null : this.#follow(source, foreign);
  }

  #follow(source: Source, { specifier, name }: Foreign): Shown | null {
    const door = this.#doors.find((one) => one.specifier === specifier);
    if (door === undefined && !specifier.startsWith(".")) return null;
    const file = door?.file ?? path.posix.join(path.posix.dirname(source.file), specifier);
    const target = this.#source(file);
    const from = target.exported.get(name);
    if (from === undefined) return null;
    return typeof from === "string" ? this.#find(target, from) : this.#follow(target, from);
  }
}

/** What doubles and generators of load are made of is the packages' own inside, and changes with it. */
const isForTools = ({ specifier }: Door): boolean => /\/(?:testing|bench)$/.test(specifier);

/** A door's first line without saying again that it is one. */
function purposeOf(headline: string): string {
  const text = headline.replace(/^The door (?:of )?"?[@\w/]+"?[:.] ?/, "");
  return text === "" ? "" : `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
}

const sorted = (shown: readonly Shown[]): readonly Shown[] =>
  shown.toSorted((a, b) => Number(a.isType) - Number(b.isType) || (a.name < b.name ? -1 : 1));
