// Builds a page with Vite, quietly, and prints the folder it is in as the last line. Called by tools/run/page.mjs.
import path from "node:path";
import { build, resolveConfig, type InlineConfig } from "vite";

const configFile = path.resolve(process.argv[2] ?? "vite.config.ts");
process.chdir(path.dirname(configFile));
// Vite believes what it finds: under tests or in a developer's shell it would build React's development code.
process.env["NODE_ENV"] = "production";

const config: InlineConfig = { configFile, logLevel: "warn" };
const resolved = await resolveConfig(config, "build", "production", "production");
await build(config);
console.log(path.resolve(resolved.root, resolved.build.outDir));
