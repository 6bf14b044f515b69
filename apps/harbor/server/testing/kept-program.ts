// Stands for a worker beside the server: writes down that it has begun, and ends when it is told to, unless it is stubborn.
import { appendFileSync } from "node:fs";

const { TOLD_FILE = "", TIDEWIRE_URL = "", STUBBORN } = process.env;

process.on("SIGTERM", () => {
  if (STUBBORN === undefined) process.exit(0);
  appendFileSync(TOLD_FILE, "will not end\n");
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(1));
setInterval(() => undefined, 60_000);
appendFileSync(TOLD_FILE, `${process.pid} finds the server at ${TIDEWIRE_URL}\n`);
