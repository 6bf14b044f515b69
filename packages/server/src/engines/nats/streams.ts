// The streams that the engine works with: made where there are none, and looked at before they are believed.
import { fail } from "@tidewire/protocol";
import type { Durability } from "../../engine/engine.ts";
import { hash } from "node:crypto";
import { reasonOf } from "../../ports/log.ts";
import { keyWindowMs } from "../key-window.ts";
import type { Names } from "./names.ts";
import type { NatsClient, NatsConnection, NatsStreamConfig, NatsStreamInfo } from "./nats-client.ts";

/** Records that outlive the age of their stream came with it (decision 0058). */
const tablesFrom = 11;

export interface StreamsOptions {
  readonly names: Names;
  readonly storage: "file" | "memory";
  /** `null`: three in a cluster, else one. */
  readonly replicas: number | null;
  readonly forgetAfterMs: number;
}

export interface StreamFacts {
  /** Names this life of the store: whatever has another one has other epochs. */
  readonly life: string;
  readonly durability: Durability;
  readonly created: string;
  readonly maxPayload: number;
  /** `null` where tables can be kept. */
  readonly whyNoTables: string | null;
}

const perMs = 1_000_000;
const majority = 3;

/** @throws {TidewireError} `engine_unavailable`, in words for the operator; what the client throws. */
export async function openStreams(client: NatsClient, options: StreamsOptions): Promise<StreamFacts> {
  const { connection } = client;
  const server = connection.info ?? fail("engine_unavailable", "the NATS server has not said what it is");
  checkVersion(server.version, server.cluster === undefined ? alone : clustered);
  const replicas = options.replicas ?? (server.cluster === undefined ? 1 : majority);
  const wanted = configsOf(options, { replicas, forTables: isFrom(server.version, tablesFrom) });
  const logs = await opened(client, wanted.logs);
  const keys = await opened(client, wanted.keys);
  for (const [info, config] of [
    [logs, wanted.logs],
    [keys, wanted.keys],
  ] as const) {
    const problem = problemOf(info, config);
    if (problem !== null) fail("engine_unavailable", `the stream ${config.name} cannot be used: ${problem}`);
  }
  const kept = logs.config.num_replicas;
  if (server.cluster !== undefined && kept < majority) {
    fail(
      "engine_unavailable",
      `in a cluster a stream of ${majority} replicas was expected, ${logs.config.storage} has ${kept}`,
    );
  }
  const whyNoTables = await tablesProblem(client, options.names.logs, logs);
  return {
    life: lifeOf(connection, logs),
    durability: durabilityOf(logs),
    created: logs.created,
    maxPayload: server.max_payload,
    whyNoTables,
  };
}

/** Why the stream cannot hold tables. One that was made before there were any is changed, which other nodes do not notice. */
async function tablesProblem(
  { connection, manager }: NatsClient,
  name: string,
  { config }: NatsStreamInfo,
): Promise<string | null> {
  const version = connection.info?.version ?? "";
  if (!isFrom(version, tablesFrom)) return `NATS 2.${tablesFrom} or newer was expected, got ${version.slice(0, 40)}`;
  if (config.allow_msg_ttl === true) return null;
  try {
    await manager.streams.update(name, { allow_msg_ttl: true });
    return null;
  } catch (thrown) {
    return `the stream ${name} needs allow_msg_ttl and cannot be changed: ${reasonOf(thrown)}`;
  }
}

function configsOf(
  { names, storage, forgetAfterMs }: StreamsOptions,
  { replicas, forTables }: { readonly replicas: number; readonly forTables: boolean },
): { readonly logs: NatsStreamConfig; readonly keys: NatsStreamConfig } {
  const both = { storage, num_replicas: replicas, retention: "limits", duplicate_window: keyWindowMs * perMs } as const;
  const logs = {
    ...both,
    name: names.logs,
    description: "Tidewire: what channels keep",
    subjects: [names.allLogs],
    // A store that is full refuses; it does not forget what it acked.
    discard: "new",
    max_age: forgetAfterMs * perMs,
    max_msgs_per_subject: -1,
    republish: { src: names.allLogs, dest: names.allNews },
    ...(forTables && { allow_msg_ttl: true }),
  } as const;
  const keys = {
    ...both,
    name: names.keys,
    description: "Tidewire: idempotency keys",
    subjects: [names.allKeys],
    discard: "old",
    max_age: keyWindowMs * perMs,
    max_msgs_per_subject: 1,
  } as const;
  return { logs: { ...logs, subjects: [...logs.subjects] }, keys: { ...keys, subjects: [...keys.subjects] } };
}

/** Two nodes that make it at once make the same one. */
async function opened({ manager }: NatsClient, config: NatsStreamConfig): Promise<NatsStreamInfo> {
  try {
    return await manager.streams.info(config.name);
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
    return await manager.streams.add(config);
  }
}

export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof Error && /stream not found/i.test(thrown.message);
}

/** Replicas and storage are the operator's to choose; these are what the engine stands on. */
function problemOf({ config }: NatsStreamInfo, wanted: NatsStreamConfig): string | null {
  const said = (name: string, expected: unknown, got: unknown): string =>
    `expected ${name} ${String(expected)}, got ${String(got)}`;
  const subjects = config.subjects?.join(",") ?? "none";
  if (subjects !== wanted.subjects.join(",")) return said("subjects", wanted.subjects.join(","), subjects);
  if ((config.retention ?? "limits") !== "limits") return said("retention", "limits", config.retention);
  if (config.discard !== wanted.discard) return said("discard", wanted.discard, config.discard);
  const perSubject = config.max_msgs_per_subject ?? -1;
  if (perSubject !== wanted.max_msgs_per_subject) {
    return said("max_msgs_per_subject", wanted.max_msgs_per_subject, perSubject);
  }
  const window = config.duplicate_window ?? 0;
  if (window < wanted.duplicate_window) return said("a duplicate_window of at least", wanted.duplicate_window, window);
  const age = config.max_age ?? 0;
  if (age !== 0 && age < wanted.max_age) return said("a max_age of at least", wanted.max_age, age);
  if (config.republish?.dest !== wanted.republish?.dest) {
    return said("republish to", wanted.republish?.dest, config.republish?.dest);
  }
  return null;
}

/**
 * One server may come back from a loss of power older than it was: NATS syncs its files every two minutes. So each
 * process of it is another life (S8). What a majority of three has written is not lost by one.
 */
function lifeOf(connection: NatsConnection, { created, config }: NatsStreamInfo): string {
  const process = config.num_replicas >= majority ? "" : (connection.info?.server_id ?? "");
  return hash("sha256", `${created} ${process}`, "base64url").slice(0, 16);
}

function durabilityOf({ config }: NatsStreamInfo): Durability {
  if (config.storage !== "file") return "volatile";
  return config.num_replicas >= majority ? "quorum" : "process";
}

interface Least {
  readonly minor: number;
  readonly where: string;
}

const alone: Least = { minor: 9, where: "" };
/**
 * Below 2.11, a cluster stores several records of which each is to follow the same one: all are acked, and all but one are
 * nowhere in the log (decision 0045). Below 2.12, the key of a record that came too late cannot be used for five minutes
 * (decision 0053).
 */
const clustered: Least = { minor: 12, where: " in a cluster" };

function checkVersion(version: string, least: Least): void {
  if (isFrom(version, least.minor)) return;
  fail("engine_unavailable", `NATS 2.${least.minor} or newer was expected${least.where}, got ${version.slice(0, 40)}`);
}

function isFrom(version: string, leastMinor: number): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= leastMinor);
}
