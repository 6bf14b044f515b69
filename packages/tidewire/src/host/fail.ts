// Ends the program with a sentence about what went wrong.
import { SettingsError } from "./settings.ts";

/** sysexits(3): something in the configuration is wrong. */
const exitConfig = 78;

/** Ends the process with the error's message on standard error: code 78 for a `SettingsError`, 1 for anything else. */
export function failWith(thrown: unknown): never {
  process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exit(thrown instanceof SettingsError ? exitConfig : 1);
}
