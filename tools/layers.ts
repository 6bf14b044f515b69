// Checks that imports point down, against tools/layer-table.ts, and that package.json and tsconfig.json say the same.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "oxc-parser";
import { packageLayers, serverLayers, type LayerTable } from "./layer-table.ts";

const serverSource = "packages/server/src";
const isTest = (file: string): boolean => /\.test(-d)?\.tsx?$/.test(file);

/** Every module a source names: imports and re-exports, of types too, `import()` with a constant, `import("x").T`. */
export function importsOf(file: string, code: string): string[] {
  const { module, program } = parseSync(file, code);
  const found = module.staticImports.map((item) => item.moduleRequest.value);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) if (moduleRequest) found.push(moduleRequest.value);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^["'`](.+)["'`]$/.exec(code.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1]) found.push(literal[1]);
  }
  new Visitor({ TSImportType: ({ source }) => void found.push(source.value) }).visit(program);
  return [...new Set(found)];
}

/** The longest entry of the table that is the path, or a folder above it. */
function placeOf(table: LayerTable, file: string): string | undefined {
  const places = Object.keys(table).filter((place) => file === place || file.startsWith(`${place}/`));
  return places.sort((a, b) => b.length - a.length)[0];
}

function mayImport(table: LayerTable, { from, to }: { from: string; to: string }): boolean {
  return from === to || (table[from] ?? []).includes(to);
}

const withoutEnding = (file: string): string => file.replace(/\.tsx?$/, "");

/** What a file of the workspace imports: a path from its root, or `null` for anything from elsewhere. */
function target(file: string, specifier: string): string | null {
  if (specifier.startsWith(".")) return path.posix.join(path.posix.dirname(file), specifier);
  const name = /^(?:@tidewire\/([^/]+)|(tidewire))(?:\/|$)/.exec(specifier);
  return name ? `packages/${name[1] ?? name[2]}` : null;
}

/** The sentence about one import that points the wrong way, or `null`. */
export function judge(file: string, specifier: string): string | null {
  const to = target(file, specifier);
  if (to === null) return null;
  const [fromPackage, toPackage] = [placeOf(packageLayers, file), placeOf(packageLayers, to)];
  if (!fromPackage) return `${file}: is in no place of the layer table`;
  if (!toPackage) return `${file}: ${specifier} leads to no place of the layer table`;
  if (!mayImport(packageLayers, { from: fromPackage, to: toPackage })) {
    return `${file}: ${fromPackage} may not import ${toPackage} (${specifier})`;
  }
  if (specifier.startsWith(".") && fromPackage !== toPackage && fromPackage.startsWith("packages/")) {
    return `${file}: name the package instead of ${specifier}`;
  }
  if (fromPackage !== "packages/server" || isTest(file)) return null;
  if (specifier === "@tidewire/protocol/ports") return judgeInServer(file, `${serverSource}/ports`);
  return specifier.startsWith(".") ? judgeInServer(file, to) : null;
}

function judgeInServer(file: string, target: string): string | null {
  const inside = (name: string): string => withoutEnding(path.posix.relative(serverSource, name));
  const [from, to] = [placeOf(serverLayers, inside(file)), placeOf(serverLayers, inside(target))];
  if (!from) return `${file}: is in no place of the server's layer table`;
  if (!to) return `${file}: ${target} is in no place of the server's layer table`;
  return mayImport(serverLayers, { from, to }) ? null : `${file}: ${from} may not import ${to} (${target})`;
}

function sourcesBelow(root: string, folder: string): string[] {
  const entries = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true });
  return (
    entries
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
      // What is copied into the projects of others is none of ours.
      .filter((file) => !/(^|\/)(node_modules|dist|\.types|templates)\//.test(file))
      .sort()
  );
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** tsc does not notice a package that is imported and not referenced: it is then not rebuilt before its users. */
function judgeReferences(root: string, used: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...used].flatMap(([from, packages]) => {
    const read = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), "utf8"));
    const config = read(`${from}/tsconfig.json`) as { references?: { path: string }[] };
    const references = (config.references ?? []).map((reference) => path.posix.join(from, reference.path));
    const owner = from.split("/").slice(0, 2).join("/");
    const { dependencies, peerDependencies, devDependencies } = read(`${owner}/package.json`) as Manifest;
    const dependsOn = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies });
    return [...packages].flatMap((to) => {
      const name = to === "packages/tidewire" ? "tidewire" : to.replace("packages/", "@tidewire/");
      return [
        ...(references.includes(to) ? [] : [`${from}/tsconfig.json: ${to} is imported and not referenced`]),
        ...(!to.startsWith("packages/") || dependsOn.includes(name)
          ? []
          : [`${owner}/package.json: ${name} is imported and not a dependency`]),
      ];
    });
  });
}

/** Every broken rule in the workspace at `root`, one sentence each. */
export function checkLayers(root: string): string[] {
  const problems: string[] = [];
  const used = new Map<string, Set<string>>();
  for (const file of [...sourcesBelow(root, "packages"), ...sourcesBelow(root, "apps")]) {
    for (const specifier of importsOf(file, readFileSync(path.join(root, file), "utf8"))) {
      const problem = judge(file, specifier);
      if (problem) problems.push(problem);
      const to = target(file, specifier);
      const [from, place] = [placeOf(packageLayers, file), to ? placeOf(packageLayers, to) : undefined];
      if (problem || isTest(file) || !from || !place || from === place) continue;
      used.set(from, (used.get(from) ?? new Set()).add(place));
    }
  }
  return [...problems, ...judgeReferences(root, used)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkLayers(path.resolve(import.meta.dirname, ".."));
  if (problems.length > 0) console.log(problems.join("\n"));
  process.exitCode = problems.length > 0 ? 1 : 0;
}
