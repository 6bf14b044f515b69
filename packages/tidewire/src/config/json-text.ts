// JSON with comments and trailing commas, as people write configuration. JSON.parse would not say where it stumbled.

/** @throws {SyntaxError} which says what was expected, the line and the column, and no word of what stands there. */
export function parseCommented(text: string): unknown {
  return new Parser(text.replace(/^\uFEFF/, "")).document();
}

const blank = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const string = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
/** Deeper than any setting; a parser that calls itself has to end somewhere. */
const mostDepth = 32;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value();
    return this.#at === this.#text.length ? value : this.#fail("the end of the file");
  }

  #value(): unknown {
    this.#take(blank);
    const next = this.#text[this.#at];
    if (next === "{" || next === "[") return this.#nested(next);
    const written = this.#take(string) ?? this.#take(scalar) ?? this.#fail("a value");
    this.#take(blank);
    return JSON.parse(written) as unknown;
  }

  #nested(opening: "{" | "["): unknown {
    this.#depth += 1;
    if (this.#depth > mostDepth) this.#fail(`at most ${mostDepth} levels`);
    this.#at += 1;
    const value = opening === "{" ? this.#members() : this.#items();
    this.#depth -= 1;
    this.#take(blank);
    return value;
  }

  #items(): unknown[] {
    const items: unknown[] = [];
    while (!this.#closes("]")) {
      items.push(this.#value());
      this.#separated("]");
    }
    return items;
  }

  #members(): unknown {
    const members = new Map<string, unknown>();
    while (!this.#closes("}")) {
      const start = this.#at;
      const name = JSON.parse(this.#take(string) ?? this.#fail("a name in quotes")) as string;
      // The first of the two would be passed over in silence.
      if (members.has(name)) this.#fail("a name that was not there before", start);
      this.#take(blank);
      if (this.#text[this.#at] !== ":") this.#fail('":"');
      this.#at += 1;
      members.set(name, this.#value());
      this.#separated("}");
    }
    return Object.fromEntries(members);
  }

  #closes(bracket: string): boolean {
    this.#take(blank);
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  /** A comma, or the end. */
  #separated(bracket: string): void {
    if (this.#text[this.#at] === ",") this.#at += 1;
    else if (this.#text[this.#at] !== bracket) this.#fail(`"," or "${bracket}"`);
  }

  #take(what: RegExp): string | null {
    what.lastIndex = this.#at;
    const found = what.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(expected: string, at = this.#at): never {
    const lines = this.#text.slice(0, at).split("\n");
    const place = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
    throw new SyntaxError(`expected ${expected} at ${place}`);
  }
}
