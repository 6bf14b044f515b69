// Leads an official SDK through the steps, in each form it has, against a server of its own.
import { createFaultProxy } from "@tidewire/client/testing";
import type { Result } from "../outcome.ts";
import { type EngineKind, serveFor } from "../server.ts";
import { type Form, type Sdk, versionOf } from "./sdks.ts";
import { Speaker } from "./speaker.ts";
import { answerCalls, assumed, steps } from "./steps.ts";

/** What became of each step, and of those that failed, why. */
export interface Outcome {
  readonly results: readonly Result[];
  readonly complaints: readonly string[];
}

export const sourceOf = (sdk: Sdk): { repository: string; version: string; commit: null } => ({
  repository: sdk.package,
  version: versionOf(sdk),
  commit: null,
});

/** `prepare` must have prepared it. */
export async function runSdk(sdk: Sdk, engine: EngineKind): Promise<Outcome> {
  const outcomes = await Promise.all(sdk.forms.map((form) => runForm(sdk, form, engine)));
  return {
    results: outcomes.flatMap(({ results }) => results),
    complaints: outcomes.flatMap(({ complaints }) => complaints),
  };
}

async function runForm(sdk: Sdk, form: Form, engine: EngineKind): Promise<Outcome> {
  const server = await serveFor(assumed, engine);
  const { tide, port } = server;
  answerCalls(tide);
  const line = await createFaultProxy({ to: { host: "127.0.0.1", port } });
  const query = form === "Protobuf" ? "?format=protobuf" : "";
  const speaker = new Speaker(sdk, `ws://127.0.0.1:${line.port}/connection/websocket${query}`, form);
  const results: Result[] = [];
  const complaints: string[] = [];
  for (const { name, act } of steps) {
    const result = { name: `${form}: ${name}`, outcome: "passed" as Result["outcome"] };
    await act({ speaker, tide, line }).catch((thrown: unknown) => {
      result.outcome = "failed";
      complaints.push(`${result.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    });
    results.push(result);
  }
  await speaker.stop();
  await line.close();
  await server.stop();
  return { results, complaints };
}
