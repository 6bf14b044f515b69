// One pass over the JSON text of a command: its limits, and where the published payload stands in it.
//
// JSON.parse knows neither limits nor source text; a payload is passed on as it was written, so that a number of
// twenty digits arrives as it was sent.
import { MalformedFrame } from "../dialect.ts";

export interface ScanLimits {
  readonly jsonDepth: number;
  readonly jsonKeys: number;
}

const forbidden = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Checks nesting and keys, and returns the payload's text; `null` when there is none, or when its place is not plain.
 * Whether the text is JSON at all is JSON.parse's to say.
 * @throws {MalformedFrame}
 */
export function scan(text: string, limits: ScanLimits): string | null {
  return new Scanner(text, limits, 0).run();
}

/** Checks a payload that stands by itself as if it stood in its command. @throws {MalformedFrame} */
export function scanPayload(text: string, limits: ScanLimits): void {
  new Scanner(text, limits, payloadDepth).run();
}

/** A payload's own keys lie below those of the command and its method. */
const payloadDepth = 2;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

class Scanner {
  readonly #text: string;
  readonly #limits: ScanLimits;
  /** The depth that it began at. */
  readonly #lowest: number;
  #at = 0;
  #depth: number;
  /** Keys seen in the object at each depth; −1 for an array. */
  readonly #keys: number[] = [];
  /** The key that leads to each depth, as far as it matters. */
  readonly #path: string[] = [];
  #expectsKey = false;
  #start = -1;
  #startDepth = 0;
  /** By path; a key that is written again takes back what stood below it, as JSON.parse does. */
  #payloads: Map<string, string> | null = null;

  constructor(text: string, limits: ScanLimits, depth: number) {
    this.#depth = this.#lowest = depth;
    this.#text = text;
    this.#limits = limits;
  }

  run(): string | null {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text.charCodeAt(this.#at);
      if (character === quote) this.#string();
      else if (character === colon) this.#value();
      else if (character === comma) this.#comma();
      else if (character === openBrace) this.#open(0);
      else if (character === openBracket) this.#open(-1);
      else if (character === closeBrace || character === closeBracket) this.#close();
    }
    return this.#payloads?.get("publish.data") ?? this.#payloads?.get("rpc.data.data") ?? null;
  }

  #open(keys: number): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.jsonDepth) {
      throw new MalformedFrame(`expected JSON at most ${this.#limits.jsonDepth} deep, got more`, "jsonDepth");
    }
    this.#keys[this.#depth] = keys;
    this.#expectsKey = keys === 0;
  }

  #close(): void {
    // What closes nothing is no JSON, which JSON.parse will say; there is no place below to note keys at.
    if (this.#depth === this.#lowest) return void (this.#at = this.#text.length);
    this.#end();
    this.#depth -= 1;
    this.#expectsKey = false;
  }

  #comma(): void {
    this.#end();
    this.#expectsKey = (this.#keys[this.#depth] ?? -1) >= 0;
  }

  #value(): void {
    if (this.#depth > 3 || this.#depth < 2 || (this.#keys[this.#depth] ?? -1) < 0) return;
    if (!this.#isPayloadHere()) return;
    this.#start = this.#at + 1;
    this.#startDepth = this.#depth;
  }

  /** The value that ends here may be the payload. */
  #end(): void {
    if (this.#start < 0 || this.#depth !== this.#startDepth) return;
    this.#payloads ??= new Map();
    this.#payloads.set(this.#pathHere(), this.#text.slice(this.#start, this.#at).trim());
    this.#start = -1;
  }

  #string(): void {
    const start = this.#at + 1;
    let end = start;
    for (; end < this.#text.length; end += 1) {
      const character = this.#text.charCodeAt(end);
      if (character === quote) break;
      if (character === backslash) end += 1;
    }
    this.#at = end;
    if (this.#expectsKey) this.#key(start, end);
  }

  #key(start: number, end: number): void {
    this.#expectsKey = false;
    const count = (this.#keys[this.#depth] ?? 0) + 1;
    this.#keys[this.#depth] = count;
    if (count > this.#limits.jsonKeys) {
      throw new MalformedFrame(`expected at most ${this.#limits.jsonKeys} keys in an object, got more`, "jsonKeys");
    }
    if (this.#depth > 3) return;
    const key = unescaped(this.#text.slice(start, end));
    if (this.#depth <= 2 && forbidden.has(key)) throw new MalformedFrame(`the key ${key} is not allowed`);
    this.#path[this.#depth] = key;
    this.#path.length = this.#depth + 1;
    if (this.#payloads === null) return;
    const path = this.#pathHere();
    for (const known of this.#payloads.keys()) {
      if (known === path || known.startsWith(`${path}.`)) this.#payloads.delete(known);
    }
  }

  /** The two paths whose value is passed on as written. */
  #isPayloadHere(): boolean {
    const [, first, second, third] = this.#path;
    if (this.#depth === 2) return first === "publish" && second === "data";
    return this.#depth === 3 && first === "rpc" && second === "data" && third === "data";
  }

  #pathHere(): string {
    return this.#path.slice(1, this.#depth + 1).join(".");
  }
}

/** A key as JSON.parse sees it: an escaped one may spell "data". */
function unescaped(key: string): string {
  if (!key.includes("\\")) return key;
  try {
    return JSON.parse(`"${key}"`) as string;
  } catch {
    // JSON.parse will say so of the whole.
    return key;
  }
}
