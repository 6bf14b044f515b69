// Counts everything that is in the analytics again from the log, and says whether it was the same: `npm run recount`.
import path from "node:path";
import { failWith } from "tidewire/host";
import { analyticsFile } from "../server/analytics/analytics.ts";
import { recountMessages } from "../server/analytics/recounting.ts";
import { openAnalytics } from "../server/analytics/tables.ts";
import { parseConfig } from "../server/config.ts";
import { openDatabase } from "../server/data/open-database.ts";

try {
  const { dataFolder } = parseConfig(process.env, process.argv.slice(2));
  const db = await openDatabase(path.join(dataFolder, "harbor.db"));
  const tables = await openAnalytics(analyticsFile(dataFolder));
  const { signal } = new AbortController();
  const { messages, differences } = await recountMessages(tables, db, { signal, progress: () => Promise.resolve() });
  const verdict = differences === 0 ? "the same as before" : `${differences} rows were wrong, and are right now`;
  process.stdout.write(`${messages} messages counted again: ${verdict}\n`);
  await tables.destroy();
  await db.destroy();
} catch (thrown) {
  failWith(thrown);
}
