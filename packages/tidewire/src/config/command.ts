// `tidewire check` and `tidewire config`: what is wrong with a configuration, and what one may say.
import { Command } from "commander";
import { failWith } from "../host/fail.ts";
import { shownAddress } from "../host/shared-engine.ts";
import { checkSettings, type Settings } from "../settings.ts";
import { strangeNames } from "./env-names.ts";
import { configExample } from "./example.ts";
import { configSchema } from "./schema.ts";

export function checkCommand(): Command {
  return new Command("check")
    .description("say what is wrong with the configuration, all of it at once")
    .argument("[file]", "the configuration file (TIDEWIRE_CONFIG, default tidewire.jsonc or tidewire.json)")
    .action((file: string | undefined) => {
      try {
        check(file);
      } catch (thrown) {
        process.exitCode = 1;
        process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      }
    });
}

function check(file: string | undefined): void {
  const { settings, problems } = checkSettings(file === undefined ? {} : { config: file }, process.env);
  for (const { where, what } of problems) process.stderr.write(`  ${where}: ${what}\n`);
  for (const hint of strangeNames(Object.keys(process.env))) process.stderr.write(`  note: ${hint}\n`);
  if (problems.length === 0) process.stdout.write(`  ${summaryOf(settings)}\n`);
  else process.exitCode = 1;
}

/** In one line, without a word of any secret. */
function summaryOf({ file, mode, hosts, port, channels, tokens, proxy, engine, webhooks }: Settings): string {
  const asked = Object.keys(proxy);
  const parts = [
    `${mode} on ${hosts.join(" and ")}, port ${port}`,
    engineNamed(engine),
    `${channels.length} channel${channels.length === 1 ? "" : "s"}`,
    tokens === null ? "no tokens" : "tokens",
    ...(asked.length === 0 ? [] : [`a backend for ${asked.join(", ")}`]),
    ...(webhooks.length === 0 ? [] : [`webhooks to ${webhooks.map(({ name }) => name).join(", ")}`]),
  ];
  return `${file ?? "no file"} is good: ${parts.join(", ")}`;
}

function engineNamed(engine: Settings["engine"]): string {
  return engine.kind === "shared" ? `the engine at ${shownAddress(engine.address)}` : `${engine.kind} engine`;
}

export function configCommand(): Command {
  return new Command("config")
    .description("print an example of the configuration file, or its JSON Schema")
    .option("--example", "every setting with its meaning and its default")
    .option("--schema", "the JSON Schema, for editors")
    .action(({ example, schema }: { readonly example?: true; readonly schema?: true }) => {
      if (example === schema) failWith(new Error("expected --example or --schema"));
      process.stdout.write(example === true ? configExample() : `${JSON.stringify(configSchema(), null, 2)}\n`);
    });
}
