// The store contract as a suite of tests: every store passes it, and an application's own may use it too.
import { describe } from "vitest";
import { adding } from "./contract/adding.ts";
import { claiming } from "./contract/claiming.ts";
import { counting } from "./contract/counting.ts";
import { ending } from "./contract/ending.ts";
import { leasing } from "./contract/leasing.ts";
import { settling } from "./contract/settling.ts";
import type { JobStoreHarness } from "./trial.ts";

/**
 * Declares the suite; call it at the top level of a test file.
 * A test that a store's harness cannot run is skipped with the harness's reason.
 */
export function jobStoreContract(name: string, harness: JobStoreHarness): void {
  describe(`job store contract: ${name}`, () => {
    adding(harness);
    claiming(harness);
    leasing(harness);
    settling(harness);
    ending(harness);
    counting(harness);
  });
}
