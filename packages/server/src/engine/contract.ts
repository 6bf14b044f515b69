// The engine contract as a suite of tests: every engine passes it, and an application's own engine may use it too.
import { describe } from "vitest";
import { clearing } from "./contract/clearing.ts";
import { ephemeral } from "./contract/ephemeral.ts";
import { following } from "./contract/following.ts";
import { keys } from "./contract/keys.ts";
import { names } from "./contract/names.ts";
import { pages } from "./contract/pages.ts";
import { payloads } from "./contract/payloads.ts";
import { publishing } from "./contract/publishing.ts";
import { restarting } from "./contract/restarting.ts";
import { retention } from "./contract/retention.ts";
import { rewinding } from "./contract/rewinding.ts";
import { tables } from "./contract/tables.ts";
import type { EngineHarness } from "./contract/trial.ts";

/**
 * Declares the suite; call it at the top level of a test file.
 * A test that an engine's harness cannot run is skipped with the harness's reason.
 */
export function engineContract(name: string, harness: EngineHarness): void {
  describe(`engine contract: ${name}`, () => {
    publishing(harness);
    following(harness);
    pages(harness);
    retention(harness);
    keys(harness);
    ephemeral(harness);
    clearing(harness);
    payloads(harness);
    names(harness);
    tables(harness);
    restarting(harness);
    rewinding(harness);
  });
}
