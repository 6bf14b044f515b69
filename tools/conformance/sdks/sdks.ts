// The official SDKs as their registries have them: which package, at which version, how a program that uses it is built and started.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build, type Command } from "../../building.ts";
import { cacheFolder, projectNode, root } from "../../run/workspace.mjs";

/** What carries the commands, as an SDK's own option has it. */
export type Form = "JSON" | "Protobuf";

export interface Sdk {
  readonly name: "sdk-js" | "sdk-python" | "sdk-go" | "sdk-java";
  /** As TIDEWIRE_REQUIRE names it; `null` for what every checkout has. */
  readonly toolchain: "python" | "go" | "java" | null;
  /** As its registry names it. */
  readonly package: string;
  /** Pins the version: the file, and where in it. */
  readonly pinned: readonly [file: string, version: RegExp];
  readonly forms: readonly Form[];
  /** The source of the program that uses it. */
  readonly source: string;
  readonly build: readonly Command[];
  /** Starts it; the address and the form follow. */
  readonly start: Command;
}

const here = import.meta.dirname;
const built = path.join(cacheFolder, "sdks");
const inPython = (name: string): string => path.join(built, "python", "bin", name);
const inJava = (...names: readonly string[]): string => path.join(built, "java", ...names);

export const sdks: readonly Sdk[] = [
  {
    name: "sdk-js",
    toolchain: null,
    package: "npm: centrifuge",
    pinned: [path.join(root, "package.json"), /"centrifuge": "(.+)"/],
    forms: ["JSON", "Protobuf"],
    source: path.join(here, "js/speak.ts"),
    build: [],
    start: [projectNode(), path.join(here, "js/speak.ts")],
  },
  {
    name: "sdk-python",
    toolchain: "python",
    package: "PyPI: centrifuge-python",
    pinned: [path.join(here, "python/requirements.txt"), /centrifuge-python==(.+)/],
    forms: ["JSON", "Protobuf"],
    source: path.join(here, "python/speak.py"),
    build: [
      ["python3", "-m", "venv", path.join(built, "python")],
      [inPython("python"), "-m", "pip", "install", "--quiet", "-r", path.join(here, "python/requirements.txt")],
    ],
    start: [inPython("python"), path.join(here, "python/speak.py")],
  },
  {
    name: "sdk-go",
    toolchain: "go",
    package: "Go: github.com/centrifugal/centrifuge-go",
    pinned: [path.join(here, "go/go.mod"), /centrifuge-go v(.+)/],
    forms: ["JSON", "Protobuf"],
    source: path.join(here, "go/main.go"),
    build: [["go", "build", "-C", path.join(here, "go"), "-o", path.join(built, "go", "speak"), "."]],
    start: [path.join(built, "go", "speak")],
  },
  {
    name: "sdk-java",
    toolchain: "java",
    package: "Maven: io.github.centrifugal:centrifuge-java",
    pinned: [path.join(here, "java/pom.xml"), /centrifuge-java<\/artifactId>\s*<version>(.+)</],
    // It has no other.
    forms: ["Protobuf"],
    source: path.join(here, "java/Speak.java"),
    build: [
      [
        "mvn",
        "--quiet",
        "--batch-mode",
        `--file=${path.join(here, "java/pom.xml")}`,
        `-Dbuild.folder=${inJava()}`,
        "compile",
        "dependency:copy-dependencies",
        `-DoutputDirectory=${inJava("lib")}`,
      ],
    ],
    start: ["java", "-cp", [inJava("classes"), inJava("lib", "*")].join(path.delimiter), "Speak"],
  },
];

export function versionOf({ pinned: [file, version] }: Sdk): string {
  const found = version.exec(readFileSync(file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file}: expected ${version.source}, got none`);
  return found;
}

/**
 * Installs the package and builds the program, below the cache; what was built of the same files before is used again.
 * @returns Why that cannot be done here; `null` when it was.
 */
export async function prepare(sdk: Sdk): Promise<string | null> {
  if (sdk.build.length === 0) return null;
  const stamp = path.join(built, `${sdk.name}.stamp`);
  const files = [sdk.source, sdk.pinned[0]].map((file) => readFileSync(file));
  const state = createHash("sha256").update(Buffer.concat(files)).update(JSON.stringify(sdk.build)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === state) return null;
  mkdirSync(built, { recursive: true });
  const reason = await build(sdk.build, built);
  if (reason === null) writeFileSync(stamp, state);
  return reason;
}
