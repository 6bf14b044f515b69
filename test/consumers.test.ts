// The packed packages in projects of their users: both kinds of module, two compilers, two ways to resolve.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { manifestOf, PackedPackages, type Project } from "./packed-packages.ts";

const root = path.resolve(import.meta.dirname, "..");
const compilers = {
  "TypeScript 5.4": "test/consumers/node_modules/typescript",
  "TypeScript 7": "node_modules/typescript",
} as const;
const resolutions = ["node16", "bundler"] as const;

/** A compiler reads the libraries of Node and the page each time. */
const compileMs = 60_000;

let packed: PackedPackages;
let project: Project;
/** What can be imported: `@tidewire/client`, `@tidewire/client/feed`, … */
let doors: readonly string[];

beforeAll(async () => {
  packed = await PackedPackages.make();
  project = await packed.project(path.join(root, "test/consumers"));
  doors = packed.names.flatMap((name) =>
    Object.keys(manifestOf(project.at(`node_modules/${name}`)).exports ?? {})
      .filter((door) => !door.endsWith(".json"))
      .map((door) => path.posix.join(name, door)),
  );
}, 120_000);
afterAll(() => packed.remove());

/** Every file that an entry of `exports` names, but for those that only the checkout has. */
function filesOf(entry: unknown): readonly string[] {
  if (typeof entry === "string") return [entry];
  return Object.entries(entry as object).flatMap(([condition, next]) =>
    condition === "@tidewire/source" ? [] : filesOf(next),
  );
}

describe("a tarball", () => {
  test("has every file that its package.json names", () => {
    for (const name of packed.names) {
      const folder = project.at(`node_modules/${name}`);
      const { exports = {}, bin = {} } = manifestOf(folder);
      const named = [...filesOf(exports), ...Object.values(bin)];
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((file) => !existsSync(path.join(folder, file)))).toEqual([]);
    }
  });

  test("has its license and its page for the registry", () => {
    for (const name of packed.names) {
      const folder = project.at(`node_modules/${name}`);
      expect(readFileSync(path.join(folder, "LICENSE"), "utf8")).toBe(readFileSync(path.join(root, "LICENSE"), "utf8"));
      expect(readFileSync(path.join(folder, "README.md"), "utf8")).toMatch(new RegExp(`^# ${name}\n`));
    }
  });

  test("of hooks says to bundlers where they belong", async () => {
    const text = readFileSync(project.at("node_modules/@tidewire/react/dist/index.js"), "utf8");
    expect(text.split("\n")[0]).toBe('"use client";');
    const code = 'import("@tidewire/react").then(({ useCall }) => useCall())';
    const { output } = await project.node("--conditions=react-server", "--input-type=module", "--eval", code);
    expect(output).toContain("useCall of @tidewire/react works in client components");
  });

  test("of the program starts it", async () => {
    const printed = await project.node("node_modules/tidewire/dist/main.js", "--help");
    expect(printed.output).toMatch(/^Usage: tidewire/);
    expect(printed.code).toBe(0);
  });
});

/** Tests of the packages on one Node, by its path. */
function works(node: string): void {
  test("every door opens by import and by require, to the same names", async () => {
    const list = JSON.stringify(doors);
    const imported = `for (const door of ${list}) console.log(door, Object.keys(await import(door)).sort().join());`;
    const required = `for (const door of ${list}) console.log(door, Object.keys(require(door)).sort().join());`;
    const byImport = await project.run(node, ["--input-type=module", "--eval", imported]);
    const byRequire = await project.run(node, ["--input-type=commonjs", "--eval", required]);
    expect(
      byImport.output
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(doors);
    expect(byRequire).toEqual(byImport);
  });

  test.each([
    ["a publication comes back to a module, behind an offer that is declined", "chat.ts", "200\nhello\n"],
    ["a publication comes back to a script", "chat.cjs", "hello\n"],
    ["what is in files is there after a start, and a job is done", "kept.ts", "one,two\n0\n21\n"],
    ["a client whose server is away tries again", "away.ts", "2,3\n"],
  ])("%s", async (_, file, output) => {
    expect(await project.run(node, ["--disable-warning=ExperimentalWarning", file])).toEqual({ code: 0, output });
  });
}

describe("on Node", () => works(process.execPath));

const oldest = process.env["TIDEWIRE_OLDEST_NODE"] ?? "";
const withoutOldest = "no old Node: TIDEWIRE_OLDEST_NODE is not set; TIDEWIRE_REQUIRE=oldest-node npm test fetches one";
describe("on the oldest Node that they say they run on", () => {
  beforeEach((context) => {
    if (oldest === "") context.skip(withoutOldest);
  });
  works(oldest);

  test("which is that one", async () => {
    const { output } = await project.run(oldest, ["--print", "process.versions.node"]);
    const ranges = packed.names.map((name) => manifestOf(project.at(`node_modules/${name}`)).engines?.node);
    const named = new Set(ranges.filter((range) => range !== undefined));
    expect([...named]).toEqual(["^22.21 || >=24.9"]);
    const [major, minor] = output.split(".").map(Number);
    // npm does not have each one for each machine.
    expect(major).toBe(22);
    expect(minor).toBeGreaterThanOrEqual(21);
  });
});

/** Type-checks files of the project, libraries included, as strictly as can be. */
async function check(compiler: keyof typeof compilers, options: object, files: readonly string[]): Promise<string> {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    types: ["node"],
    jsx: "react-jsx",
    ...options,
  };
  writeFileSync(project.at("tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const { code, output } = await project.node(path.join(root, compilers[compiler], "bin/tsc"), "--project", ".");
  return code === 0 ? "fine" : output;
}

describe.each(Object.keys(compilers) as (keyof typeof compilers)[])("%s", (compiler) => {
  test.each(resolutions)(
    "takes every door with the resolution %s, and what is made with it",
    async (resolution) => {
      const imports = doors.map((door, index) => `export * as door${index} from ${JSON.stringify(door)};`);
      writeFileSync(project.at("doors.ts"), imports.join("\n"));
      const module = resolution === "bundler" ? "esnext" : "node16";
      const options = { module, moduleResolution: resolution };
      expect(await check(compiler, options, ["doors.ts", "chat.ts", "room.tsx"])).toBe("fine");
    },
    compileMs,
  );

  test(
    "refuses a wrong use, so that the others mean something",
    async () => {
      writeFileSync(
        project.at("wrong.ts"),
        'import { createClient } from "@tidewire/client";\ncreateClient({ url: 1 });\n',
      );
      const options = { module: "node16", moduleResolution: "node16" };
      expect(await check(compiler, options, ["wrong.ts"])).toContain("TS2322");
    },
    compileMs,
  );
});

test(
  "TypeScript 7 takes require in a CommonJS module",
  async () => {
    const options = { module: "nodenext", moduleResolution: "nodenext", allowJs: true };
    expect(await check("TypeScript 7", options, ["chat.cjs"])).toBe("fine");
  },
  compileMs,
);

test(
  "the code on the pages of the packages compiles",
  async () => {
    const pages = packed.names.map((name) => readFileSync(project.at(`node_modules/${name}/README.md`), "utf8"));
    const blocks = pages.flatMap((page) => [...page.matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code));
    const files = blocks.map((_, index) => `page${index}.tsx`);
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    for (const [index, code] of blocks.entries())
      writeFileSync(project.at(`page${index}.tsx`), `${code}\nexport {};\n`);
    expect(await check("TypeScript 7", { module: "nodenext", moduleResolution: "nodenext" }, files)).toBe("fine");
  },
  compileMs,
);
