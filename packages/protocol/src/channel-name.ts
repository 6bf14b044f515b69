// The grammar of channel names, and patterns such as "chat:{room}".

/** Bytes of UTF-8 a channel name may have. */
export const maxChannelNameBytes = 255;

// Control characters would reach logs, SSE fields and storage keys; lone surrogates have no UTF-8.
const forbidden = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** What is wrong with `name` as a channel name, in words for people; `null` when nothing is. */
export function channelNameProblem(name: string): string | null {
  if (name === "") return "a channel name is not empty";
  if (name.length > maxChannelNameBytes || utf8Length(name) > maxChannelNameBytes) {
    return `a channel name has at most ${maxChannelNameBytes} bytes, this one has ${utf8Length(name)}`;
  }
  return forbidden.test(name) ? "a channel name has no control characters and no lone surrogates" : null;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** The parameters that a pattern names: `ParamsOf<"chat:{room}">` is `{ readonly room: string }`. */
export type ParamsOf<Pattern extends string> = { readonly [Name in ParamNames<Pattern>]: string };

type ParamNames<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;

/** A pattern, ready to build and to match names. A parameter stands for one or more characters other than ":". */
export interface ChannelPattern {
  readonly source: string;
  readonly paramNames: readonly string[];
  build(params: Readonly<Record<string, string>>): string;
  match(name: string): Readonly<Record<string, string>> | null;
}

/** @throws {TypeError} when a parameter is malformed, named twice, or two have no ":" between them. */
export function compilePattern(source: string): ChannelPattern {
  const parts = source.split(/\{([A-Za-z_][A-Za-z0-9_]*)\}/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const paramNames = parts.filter((_, index) => index % 2 === 1);
  if (literals.some((literal) => /[{}]/.test(literal))) {
    throw new TypeError(`a parameter of a channel pattern reads {name}, got "${source}"`);
  }
  if (new Set(paramNames).size < paramNames.length) {
    throw new TypeError(`a channel pattern names each parameter once, got "${source}"`);
  }
  // Parameters have no ":", so one between them is what makes the way back from a name to its parameters the only one.
  if (literals.slice(1, -1).some((literal) => !literal.includes(":"))) {
    throw new TypeError(`two parameters of a channel pattern need a ":" between them, got "${source}"`);
  }
  const problem = channelNameProblem(source);
  if (problem !== null) throw new TypeError(`${problem}: "${source}"`);
  const expression = new RegExp(`^${literals.map(escapeExpression).join("([^:]+)")}$`, "u");
  return {
    source,
    paramNames,
    build(params) {
      const name = literals.reduce((built, literal, index) => built + paramAt(params, paramNames[index - 1]) + literal);
      const wrong = channelNameProblem(name);
      if (wrong !== null) throw new TypeError(wrong);
      return name;
    },
    match(name) {
      const found = expression.exec(name);
      if (found === null) return null;
      const params = Object.create(null) as Record<string, string>;
      paramNames.forEach((param, index) => (params[param] = found[index + 1] ?? ""));
      return params;
    },
  };
}

function paramAt(params: Readonly<Record<string, string>>, name: string | undefined): string {
  const value = name === undefined ? undefined : params[name];
  if (value === undefined || value === "" || value.includes(":")) {
    throw new TypeError(`the channel parameter "${name ?? ""}" is a text without ":", got ${JSON.stringify(value)}`);
  }
  return value;
}

function escapeExpression(literal: string): string {
  return literal.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
