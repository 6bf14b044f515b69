// Ends the program with a sentence about what went wrong.
import { SettingsError } from "./settings.ts";

/** sysexits(3): something in the configuration is wrong. */
const exitConfig = 78;

export function failWith(thrown: unknown): never {
  process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exit(thrown instanceof SettingsError ? exitConfig : 1);
}
