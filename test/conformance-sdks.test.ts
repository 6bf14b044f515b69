// The official SDKs of npm, PyPI, Go and Maven, unmodified, against what is on record of them.
import { expect, test } from "vitest";
import { isRequired } from "../tools/building.ts";
import { differences } from "../tools/conformance/outcome.ts";
import { readRecord } from "../tools/conformance/records.ts";
import { runSdk, sourceOf } from "../tools/conformance/sdks/run.ts";
import { prepare, sdks } from "../tools/conformance/sdks/sdks.ts";

/** The first time, packages are fetched. */
const timeout = 240_000;

test.concurrent.for(sdks)("$package does what docs/conformance.md says", { timeout }, async (sdk, { skip }) => {
  const reason = await prepare(sdk);
  if (reason !== null && isRequired(sdk.toolchain)) throw new Error(`required, and not to be had: ${reason}`);
  if (reason !== null) skip(reason);
  const record = readRecord(sdk.name);
  if (record === null) throw new Error(`${sdk.name}: expected a record, got none`);
  expect(sourceOf(sdk)).toMatchObject({ version: record.version, repository: record.repository });
  const { results, complaints } = await runSdk(sdk, "memory");
  expect({ differences: differences(record, results), complaints }).toEqual({ differences: [], complaints: [] });
});
