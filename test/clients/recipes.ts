// How each client of examples/clients is built and started, with the tools of its own language.
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { build, type Command, isRequired } from "../../tools/building.ts";
import { at, cacheFolder } from "../../tools/run/workspace.mjs";

export const examples = at("examples/clients");

/** How many lines a client may have, all of them counted. */
export const mostLines = 60;

export interface Recipe {
  readonly language: string;
  /** Its only source file, in the folder named after the language. */
  readonly source: string;
  /** Builds it outside the tree; what was built before is used again. */
  readonly build: readonly Command[];
  /** Starts it, its address and name following. */
  readonly start: Command;
}

const built = path.join(cacheFolder, "clients");
const python = path.join(built, "python", "bin", "python");

const inPython: readonly Command[] = [
  ...(existsSync(python) ? [] : [["python3", "-m", "venv", path.join(built, "python")] as const]),
  [python, "-m", "pip", "install", "--quiet", "-r", path.join(examples, "python/requirements.txt")],
];

/** Those that lose nothing: they speak the Centrifuge protocol. */
export const recovering: readonly Recipe[] = [
  {
    language: "node",
    source: "recovering.mjs",
    build: [],
    start: [process.execPath, path.join(examples, "node/recovering.mjs")],
  },
  {
    language: "python",
    source: "recovering.py",
    build: inPython,
    start: [python, path.join(examples, "python/recovering.py")],
  },
];

export const recipes: readonly Recipe[] = [
  {
    language: "node",
    source: "chat.mjs",
    build: [],
    start: [process.execPath, path.join(examples, "node/chat.mjs")],
  },
  {
    language: "python",
    source: "chat.py",
    build: inPython,
    start: [python, path.join(examples, "python/chat.py")],
  },
  {
    language: "go",
    source: "main.go",
    build: [["go", "build", "-C", path.join(examples, "go"), "-o", path.join(built, "go", "chat"), "."]],
    start: [path.join(built, "go", "chat")],
  },
  {
    language: "rust",
    source: "src/main.rs",
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
    build: [["javac", "-d", path.join(built, "java"), path.join(examples, "java/Chat.java")]],
    start: ["java", "-cp", path.join(built, "java"), "Chat"],
  },
];

/**
 * @returns Why it cannot be built here, with the command that failed; `null` when it was.
 * @throws where `TIDEWIRE_REQUIRE` names its language.
 */
export async function prepare({ language, build: commands }: Recipe): Promise<string | null> {
  mkdirSync(built, { recursive: true });
  const reason = await build(commands, built);
  if (reason !== null && isRequired(language)) throw new Error(`${language} is required: ${reason}`);
  return reason;
}
