// QuickJS as WebAssembly: compiled once, made anew for each test with a memory that ends where the limit is.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";

// Its types are those of its CommonJS build, whose default lies one step deeper.
const build = variant as unknown as QuickJSSyncVariant;

const pageBytes = 65_536;
/** What the module asks for at its start. */
const leastPages = 256;
/** Its own share of the machine's stack, before the host's is used up. */
const stackBytes = 262_144;

const compiled = WebAssembly.compile(
  readFileSync(fileURLToPath(import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"))),
);

/** A world for one test. It is never taken apart, since that fails after a limit was hit: it is left to the collector. */
export interface World {
  readonly context: QuickJSContext;
  /** Kilobytes that were in use at most since it was made. */
  readonly usedKb: () => number;
  /** Whether it asked for more memory last than it may have. */
  readonly isFull: () => boolean;
}

/** @param isOver Asked every few thousand steps of the program; true ends it, and no `catch` keeps it. */
export async function makeWorld(memoryBytes: number, isOver: () => boolean): Promise<World> {
  const maximum = Math.max(leastPages, Math.floor(memoryBytes / pageBytes));
  // QuickJS's own limit of memory does not hold; one of the machine that it runs on does.
  const wasmMemory = new WebAssembly.Memory({ initial: leastPages, maximum });
  let isFull = false;
  const grow = (pages: number): number => {
    isFull = true;
    const before = WebAssembly.Memory.prototype.grow.call(wasmMemory, pages);
    isFull = false;
    return before;
  };
  wasmMemory.grow = grow;
  const module = await newQuickJSWASMModuleFromVariant(newVariant(build, { wasmModule: await compiled, wasmMemory }));
  const runtime = module.newRuntime();
  runtime.setMaxStackSize(stackBytes);
  runtime.setInterruptHandler(isOver);
  const context = runtime.newContext();
  const before = highestUsed(wasmMemory);
  return {
    context,
    usedKb: () => Math.max(0, Math.ceil((highestUsed(wasmMemory) - before) / 1_024)),
    isFull: () => isFull,
  };
}

/** A heap grows upwards and memory begins as zeros: where the zeros begin is how far it ever came. */
function highestUsed({ buffer }: WebAssembly.Memory): number {
  const words = new Int32Array(buffer);
  let index = words.length - 1;
  while (index > 0 && words[index] === 0) index -= 1;
  return index * Int32Array.BYTES_PER_ELEMENT;
}
