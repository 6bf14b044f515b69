// What a declaration shows to its users: a signature, and members with theirs. Bodies and private parts are left out.
import type { Class, MethodDefinition } from "oxc-parser";
import type { Declaration, Declared, Source, Span } from "./source.ts";

export interface Member {
  readonly signature: string;
  readonly doc: string | null;
}

export interface Shown {
  readonly name: string;
  readonly source: Source;
  readonly isType: boolean;
  readonly signature: string;
  readonly doc: string | null;
  readonly members: readonly Member[];
  /** The types that its signatures name. */
  readonly names: readonly string[];
}

interface Piece extends Span {
  /** Where a docstring of it would end. */
  readonly docStart: number;
  /** For an arrow function in a field: shown as the method that it is to its users. */
  readonly method?: { readonly name: string; readonly arrow: Span };
}

export function show(source: Source, { name, node, start }: Declared): Shown {
  const head = headOf(node);
  const pieces = membersOf(node);
  const text = textOf(source, head);
  const hasMembers = node.type === "TSInterfaceDeclaration" || node.type === "ClassDeclaration";
  return {
    name,
    source,
    isType: node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration",
    signature: hasMembers ? text : `${text};`,
    doc: source.docstringBefore(start),
    members: pieces.map((piece) => ({ signature: textOf(source, piece), doc: source.docstringBefore(piece.docStart) })),
    names: source.namesIn([head, ...pieces]).filter((one) => one !== name),
  };
}

function headOf(node: Declaration): Span {
  if (node.type === "VariableDeclaration") {
    const [first] = node.declarations;
    const annotation = first?.id.typeAnnotation ?? null;
    return { start: node.start, end: annotation?.end ?? node.end };
  }
  if (node.type === "TSTypeAliasDeclaration") return node;
  return { start: node.start, end: node.body?.start ?? node.end };
}

const isMethod = (member: Class["body"]["body"][number]): member is MethodDefinition =>
  member.type === "MethodDefinition";

function membersOf(node: Declaration): readonly Piece[] {
  if (node.type === "TSInterfaceDeclaration") {
    return node.body.body.map(({ start, end }) => ({ start, end, docStart: start }));
  }
  if (node.type !== "ClassDeclaration") return [];
  return node.body.body.flatMap((member): Piece[] => {
    if (member.type !== "MethodDefinition" && member.type !== "PropertyDefinition") return [];
    const isHidden = member.accessibility === "private" || member.accessibility === "protected";
    if (isHidden || member.key.type === "PrivateIdentifier") return [];
    const { start, end } = member;
    if (isMethod(member)) return [{ start, end: member.value.body?.start ?? end, docStart: start }];
    const { value, typeAnnotation } = member;
    if (typeAnnotation) return [{ start, end: typeAnnotation.end, docStart: start }];
    if (value?.type !== "ArrowFunctionExpression" || member.key.type !== "Identifier")
      return [{ start, end, docStart: start }];
    const arrow = { start: value.start, end: value.returnType?.end ?? value.body.start };
    return [{ start, end: arrow.end, docStart: start, method: { name: member.key.name, arrow } }];
  });
}

function textOf(source: Source, { start, end, method }: Span & Pick<Piece, "method">): string {
  const written = source.text.slice(method?.arrow.start ?? start, end);
  const text = `${method?.name ?? ""}${written}`.trim().replace(/;$/, "");
  // What only the declaration itself is concerned with.
  return text
    .replace(/^(?:override |async |static async )/, (word) => (word.startsWith("static") ? "static " : ""))
    .replaceAll(`\n${source.indentOf({ start, end })}`, "\n");
}
