// What a query of Prometheus names: figures with their matchers, and the labels it puts them together by. No query is evaluated.

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** A figure that is asked for. */
export interface Selector {
  readonly figure: string;
  readonly matchers: readonly Matcher[];
}

export interface Named {
  readonly selectors: readonly Selector[];
  /** Of `by`, `on` and the like. */
  readonly labels: readonly string[];
}

const token =
  /\s+|(?<text>"(?:[^"\\]|\\.)*")|(?<word>[a-zA-Z_:][\w:]*)|(?<number>\d[\w.]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){}[\],<>=:@])/gy;

interface Token {
  readonly kind: "text" | "word" | "number" | "sign";
  readonly text: string;
}

/** @throws {SyntaxError} for what is in no query. */
function tokensOf(query: string): readonly Token[] {
  const found: Token[] = [];
  let end = 0;
  for (const match of query.matchAll(token)) {
    end = match.index + match[0].length;
    const [kind, text] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (text !== undefined) found.push({ kind: kind as Token["kind"], text });
  }
  if (end !== query.length) throw new SyntaxError(`expected a query, got ${JSON.stringify(query.slice(end))}`);
  return found;
}

const groupers = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const operators = new Set(["and", "or", "unless", "offset", "bool"]);
/** What stands behind the name of a function. */
const afterFunctions = new Set(["(", "by", "without"]);

/** @throws {SyntaxError} where it cannot be read. */
export function namedIn(query: string): Named {
  const tokens = tokensOf(query);
  const selectors: Selector[] = [];
  const labels: string[] = [];
  let isRange = false;
  for (let at = 0; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at] ?? { kind: "sign", text: "" };
    if (text === "[" || text === "]") isRange = text === "[";
    const next = tokens[at + 1]?.text ?? "";
    if (isRange) continue;
    if (kind === "word" && groupers.has(text)) {
      const end = closing(tokens, at + 1, "()");
      labels.push(...tokens.slice(at + 2, end).flatMap((each) => (each.kind === "word" ? [each.text] : [])));
      at = end;
    } else if (text === "{" || (kind === "word" && !afterFunctions.has(next) && !operators.has(text))) {
      const open = text === "{" ? at : at + 1;
      const end = tokens[open]?.text === "{" ? closing(tokens, open, "{}") : at;
      const matchers = end === at ? [] : matchersIn(tokens.slice(open + 1, end));
      selectors.push(...selectorsOf(text === "{" ? null : text, matchers));
      at = end;
    }
  }
  return { selectors, labels };
}

/** @param pair Both, such as `()`. */
function closing(tokens: readonly Token[], open: number, pair: string): number {
  const [begin = "", end = ""] = pair;
  const at = tokens.findIndex(({ text }, index) => index > open && text === end);
  if (tokens[open]?.text !== begin || at < 0) throw new SyntaxError(`expected ${begin} and ${end} behind a word`);
  return at;
}

/** Each is a label, an operator and a text, with commas between them. */
function matchersIn(tokens: readonly Token[]): readonly Matcher[] {
  const matchers: Matcher[] = [];
  for (let at = 0; at < tokens.length; at += 4) {
    const [label, operator, value, comma] = tokens.slice(at, at + 4);
    const isWell = label?.kind === "word" && value?.kind === "text" && (comma === undefined || comma.text === ",");
    if (!isWell || operator === undefined) throw new SyntaxError(`expected a matcher, got ${label?.text ?? "nothing"}`);
    matchers.push({ label: label.text, operator: operator.text, value: JSON.parse(value.text) as string });
  }
  return matchers;
}

/** A figure may be named by the matcher of `__name__`, and so may several. */
function selectorsOf(figure: string | null, matchers: readonly Matcher[]): readonly Selector[] {
  const rest = matchers.filter(({ label }) => label !== "__name__");
  const names = matchers.filter(({ label }) => label === "__name__").flatMap(({ value }) => value.split("|"));
  return [...(figure === null ? [] : [figure]), ...names].map((name) => ({ figure: name, matchers: rest }));
}
