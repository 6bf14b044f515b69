// Checks each written package as its users get it: entry points, formats and files, with publint on what tsc built.
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { isPlaceholder } from "./placeholder.ts";

const doors = {
  protocol: "src/index.ts",
  server: "src/index.ts",
  client: "src/index.ts",
  react: "src/index.ts",
  jobs: "src/index.ts",
  bridges: "src/index.ts",
  webhooks: "src/index.ts",
  tidewire: "src/main.ts",
  "create-tidewire": "src/main.ts",
};

const written = Object.entries(doors).filter(([folder, door]) => !isPlaceholder(`packages/${folder}/${door}`));
if (written.length === 0) {
  console.log("no package is written yet");
  process.exitCode = 78;
}
for (const [folder] of written) {
  const pkgDir = `packages/${folder}`;
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true, level: "warning" });
  for (const message of messages) console.log(`${pkgDir}: ${formatMessage(message, pkg)}`);
  if (messages.length > 0) process.exitCode = 1;
}
