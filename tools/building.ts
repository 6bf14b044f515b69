// Builds programs of other languages with their own tools, and says which command failed where one cannot be built.
import { capture } from "./run/children.mjs";
import { required } from "./run/services.mjs";

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/**
 * Runs them one after the other, in the folder `cwd`.
 * @returns Why it cannot be built here, with the command that failed; `null` when it was.
 */
export async function build(commands: readonly Command[], cwd: string): Promise<string | null> {
  for (const command of commands) {
    const trouble = await run(command, cwd);
    if (trouble !== null) return `\`${command.join(" ")}\`: ${trouble}`;
  }
  return null;
}

/** Whether the lack of this toolchain is a failure: `TIDEWIRE_REQUIRE` names it. */
export function isRequired(toolchain: string | null): boolean {
  return toolchain !== null && required().includes(toolchain);
}

async function run([program, ...args]: Command, cwd: string): Promise<string | null> {
  try {
    const { code, signal, output } = await capture(program, args, { cwd });
    const last = output.trim().split("\n").at(-1) ?? "";
    return code === 0 ? null : `ended with ${code ?? signal}: ${last}`;
  } catch (thrown) {
    // There is no such program.
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
