// How each client of examples/clients is built and started, with the tools of its own language.
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { capture } from "../../tools/run/children.mjs";
import { at, cacheFolder } from "../../tools/run/workspace.mjs";

export const examples = at("examples/clients");

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

export interface Recipe {
  readonly language: string;
  /** Its only source file, in the folder named after the language. */
  readonly source: string;
  /** How many lines it may have, blank ones aside. */
  readonly most: number;
  /** Builds it outside the tree; what was built before is used again. */
  readonly build: readonly Command[];
  /** Starts it, its address and name following. */
  readonly start: Command;
}

const built = path.join(cacheFolder, "clients");
const python = path.join(built, "python", "bin", "python");

export const recipes: readonly Recipe[] = [
  {
    language: "node",
    source: "chat.mjs",
    most: 60,
    build: [],
    start: [process.execPath, path.join(examples, "node/chat.mjs")],
  },
  {
    language: "python",
    source: "chat.py",
    most: 60,
    build: [
      ...(existsSync(python) ? [] : [["python3", "-m", "venv", path.join(built, "python")] as const]),
      [python, "-m", "pip", "install", "--quiet", "-r", path.join(examples, "python/requirements.txt")],
    ],
    start: [python, path.join(examples, "python/chat.py")],
  },
  {
    language: "go",
    source: "main.go",
    most: 100,
    build: [["go", "build", "-C", path.join(examples, "go"), "-o", path.join(built, "go", "chat"), "."]],
    start: [path.join(built, "go", "chat")],
  },
  {
    language: "rust",
    source: "src/main.rs",
    most: 105,
    build: [
      [
        "cargo",
        "build",
        "--quiet",
        "--locked",
        "--target-dir",
        path.join(built, "rust"),
        "--manifest-path",
        path.join(examples, "rust/Cargo.toml"),
      ],
    ],
    start: [path.join(built, "rust", "debug", "chat")],
  },
  {
    language: "java",
    source: "Chat.java",
    most: 145,
    build: [
      [
        "mvn",
        "--quiet",
        "--batch-mode",
        `--file=${path.join(examples, "java/pom.xml")}`,
        `-Dbuild.folder=${path.join(built, "java")}`,
        "compile",
        "dependency:copy-dependencies",
        `-DoutputDirectory=${path.join(built, "java", "lib")}`,
      ],
    ],
    start: [
      "java",
      "-cp",
      [path.join(built, "java/classes"), path.join(built, "java/lib/*")].join(path.delimiter),
      "Chat",
    ],
  },
];

/** @returns Why it cannot be built here, with the command that failed; `null` when it was. */
export async function build(recipe: Recipe): Promise<string | null> {
  mkdirSync(built, { recursive: true });
  for (const command of recipe.build) {
    const trouble = await run(command);
    if (trouble !== null) return `\`${command.join(" ")}\`: ${trouble}`;
  }
  return null;
}

async function run([program, ...args]: Command): Promise<string | null> {
  try {
    const { code, signal, output } = await capture(program, args, { cwd: built });
    const last = output.trim().split("\n").at(-1) ?? "";
    return code === 0 ? null : `ended with ${code ?? signal}: ${last}`;
  } catch (thrown) {
    // There is no such program.
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
