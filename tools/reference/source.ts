// One source file: what it declares, what it takes from others, and the docstrings in it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { type Class, type Comment, parseSync, type Program, Visitor } from "oxc-parser";

/** A piece of the text, from the first byte to the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Statement = Program["body"][number];
export type Declaration =
  | Class
  | Extract<
      Statement,
      {
        type:
          | "FunctionDeclaration"
          | "TSDeclareFunction"
          | "TSInterfaceDeclaration"
          | "TSTypeAliasDeclaration"
          | "VariableDeclaration";
      }
    >;

/** A name that is another module's. */
export interface Foreign {
  readonly specifier: string;
  readonly name: string;
}

export interface Declared {
  readonly name: string;
  readonly node: Declaration;
  /** Where its statement begins, `export` included: a docstring ends before that. */
  readonly start: number;
}

export class Source {
  readonly file: string;
  readonly text: string;
  readonly declared: ReadonlyMap<string, Declared>;
  readonly imported: ReadonlyMap<string, Foreign>;
  /** What others may take: names of this file or, with a specifier, of others. */
  readonly exported: ReadonlyMap<string, string | Foreign>;
  readonly #comments: readonly Comment[];
  readonly #names: Names;

  /** @throws {Error} for what is no TypeScript. */
  constructor(root: string, file: string) {
    this.file = file;
    this.text = readFileSync(path.join(root, file), "utf8");
    const { program, comments, errors } = parseSync(file, this.text);
    if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
    this.#comments = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
    const reader = new StatementReader();
    for (const statement of program.body) reader.take(statement);
    this.declared = reader.declared;
    this.imported = reader.imported;
    this.exported = reader.exported;
    this.#names = namesIn(program);
  }

  /** The docstring that ends right before `start`, without its marks. */
  docstringBefore(start: number): string | null {
    const found = this.#comments.findLast(({ end }) => end <= start);
    return found !== undefined && this.text.slice(found.end, start).trim() === "" ? found.value : null;
  }

  /** The first line, when it is a comment. */
  get headline(): string {
    return /^(?:"use client";\n)?\/\/ (.+)$/m.exec(this.text)?.[1] ?? "";
  }

  /** The types that are named in spans of one declaration, without its own parameters. */
  namesIn(spans: readonly Span[]): readonly string[] {
    const isInside = (one: Span): boolean => spans.some(({ start, end }) => one.start >= start && one.end <= end);
    const own = new Set(this.#names.parameters.filter(isInside).map(({ name }) => name));
    const names = this.#names.references.filter((one) => isInside(one) && !own.has(one.name)).map(({ name }) => name);
    return [...new Set(names)];
  }

  /** How far the line on which a span begins is from the left. */
  indentOf({ start }: Span): string {
    return /^ */.exec(this.text.slice(this.text.lastIndexOf("\n", start - 1) + 1))?.[0] ?? "";
  }
}

interface Named extends Span {
  readonly name: string;
}

interface Names {
  /** Where a type is named. */
  readonly references: readonly Named[];
  /** Where a name is a type parameter's, to be inferred or given. */
  readonly parameters: readonly Named[];
}

function namesIn(program: Program): Names {
  const references: Named[] = [];
  const parameters: Named[] = [];
  const take = (node: Span & { readonly type: string; readonly name?: unknown }): void => {
    if (node.type !== "Identifier" || typeof node.name !== "string") return;
    references.push({ name: node.name, start: node.start, end: node.end });
  };
  new Visitor({
    TSTypeReference: ({ typeName }) => take(typeName),
    TSTypeQuery: ({ exprName }) => take(exprName),
    TSInterfaceHeritage: ({ expression }) => take(expression),
    TSClassImplements: ({ expression }) => take(expression),
    TSTypeParameter: ({ name: { name }, start, end }) => void parameters.push({ name, start, end }),
  }).visit(program);
  return { references, parameters };
}

const kinds = new Set<string>([
  "FunctionDeclaration",
  "TSDeclareFunction",
  "ClassDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "VariableDeclaration",
]);

const isDeclaration = (node: { readonly type: string }): node is Declaration => kinds.has(node.type);

function nameOf(node: Declaration): string {
  if (node.type !== "VariableDeclaration") return node.id?.name ?? "";
  const id = node.declarations[0]?.id;
  return id?.type === "Identifier" ? id.name : "";
}

class StatementReader {
  readonly declared = new Map<string, Declared>();
  readonly imported = new Map<string, Foreign>();
  readonly exported = new Map<string, string | Foreign>();

  take(statement: Statement): void {
    if (statement.type === "ImportDeclaration") {
      for (const entry of statement.specifiers) {
        if (entry.type !== "ImportSpecifier" || entry.imported.type !== "Identifier") continue;
        this.imported.set(entry.local.name, { specifier: statement.source.value, name: entry.imported.name });
      }
    } else if (statement.type === "ExportNamedDeclaration") {
      if (statement.declaration !== null && isDeclaration(statement.declaration)) {
        this.#declare(statement.declaration, statement.start);
        this.exported.set(nameOf(statement.declaration), nameOf(statement.declaration));
      }
      for (const { local, exported } of statement.specifiers) {
        if (local.type !== "Identifier" || exported.type !== "Identifier") continue;
        const { source } = statement;
        this.exported.set(exported.name, source === null ? local.name : { specifier: source.value, name: local.name });
      }
    } else if (isDeclaration(statement)) {
      this.#declare(statement, statement.start);
    }
  }

  /** Of overloads the first is kept. */
  #declare(node: Declaration, start: number): void {
    const name = nameOf(node);
    if (!this.declared.has(name)) this.declared.set(name, { name, node, start });
  }
}
