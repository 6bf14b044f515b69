// What a value out of JSON has to look like, said once as data, and what is wrong with one that does not.

/** @returns What is wrong, in words; `null` when nothing is. */
export type Shape = (value: unknown, path: string) => string | null;

const got = (value: unknown): string => (value === null ? "null" : typeof value);

export function text(least: number, most: number): Shape {
  return (value, path) => {
    if (typeof value !== "string") return `${path}: a text was expected, got ${got(value)}`;
    if (value.length >= least && value.length <= most) return null;
    return `${path}: ${least} to ${most} characters were expected, got ${value.length}`;
  };
}

export function whole(least: number, most: number): Shape {
  return (value, path) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return null;
    const is = typeof value === "number" ? String(value) : got(value);
    return `${path}: an integer from ${least} to ${most} was expected, got ${is}`;
  };
}

export function oneOf(...texts: readonly string[]): Shape {
  return (value, path) =>
    texts.some((known) => known === value) ? null : `${path}: one of ${texts.join(", ")} was expected`;
}

export function orNull(shape: Shape): Shape {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function list(most: number, shape: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: a list was expected, got ${got(value)}`;
    if (value.length > most) return `${path}: at most ${most} were expected, got ${value.length}`;
    return firstOf(value, (item: unknown, index) => shape(item, `${path}[${index}]`));
  };
}

/** What it has beyond these is not looked at. */
export function object(shapes: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(shapes);
  return (value, path) => {
    if (typeof value !== "object" || value === null) return `${path}: an object was expected, got ${got(value)}`;
    const fields = value as Readonly<Record<string, unknown>>;
    return firstOf(entries, ([name, shape]) => shape(fields[name], `${path}.${name}`));
  };
}

/** An object whose `kind` says which shape it has. */
export function byKind(shapes: Readonly<Record<string, Shape>>): Shape {
  const kinds = Object.keys(shapes);
  return (value, path) => {
    const { kind } = Object(value) as { readonly kind?: unknown };
    const known = kinds.find((name) => name === kind);
    return known === undefined ? oneOf(...kinds)(kind, `${path}.kind`) : (shapes[known]?.(value, path) ?? null);
  };
}

function firstOf<Item>(items: readonly Item[], check: (item: Item, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem !== null) return problem;
  }
  return null;
}
