// `npm run dashboard`: writes deploy/grafana-dashboard.json from what tools/dashboard/rows.ts says.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { dashboardText } from "./dashboard.ts";

const file = path.resolve(import.meta.dirname, "../../deploy/grafana-dashboard.json");
writeFileSync(file, dashboardText);
console.log(`${dashboardText.split("\n").length} lines in deploy/grafana-dashboard.json`);
