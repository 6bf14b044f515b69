// Harbor's configuration: every variable and flag it reads, parsed once.
import path from "node:path";
import type { Mode } from "@tidewire/server";
import { expectedAddress, hostsFor, isSharedAddress, modeFor, readSecrets, SettingsError } from "tidewire/host";
import { z } from "zod";
import { expectedJobs, isJobStore } from "./jobs/job-store.ts";
import { ownUrl } from "./own-url.ts";

/** Where e-mail goes: to a mail server, into the mailbox of development, or nowhere. */
export type MailConfig = {
  readonly kind: "smtp" | "mailbox" | "none";
  /** The mail server's address; "" where there is none. */
  readonly smtpUrl: string;
  /** What follows the "@" of everybody's address, and of Message-IDs. */
  readonly domain: string;
  /** Where people reach Harbor, for links; `null`: mails have none. */
  readonly publicUrl: string | null;
};

export interface Config {
  readonly port: number;
  /** Addresses to listen on. The first one must work; others are left out where the machine has none. */
  readonly hosts: readonly string[];
  readonly mode: Mode;
  /** Whether Vite serves the page from its sources. */
  readonly isDev: boolean;
  readonly dataFolder: string;
  /** `sqlite`, `memory`, or the address of a Redis or a NATS. */
  readonly engine: string;
  /** Where jobs are kept: `embedded`, or an address. */
  readonly jobs: string;
  /** Whether a worker runs beside the server. */
  readonly hasWorker: boolean;
  /** Where a worker tells its figures; `null`: nowhere. */
  readonly workerDoor: { readonly hosts: readonly string[]; readonly port: number } | null;
  /** Where workers find the server. */
  readonly serverUrl: string;
  readonly mail: MailConfig;
  readonly apiKey: string | null;
  readonly sessionSecret: string | null;
  readonly origins: readonly string[];
  readonly trustProxy: readonly string[];
  /** Whether something starts this process again when it is killed. */
  readonly isSupervised: boolean;
  /** What this node is called among several on one Redis and one data folder; `null` for one that is alone. */
  readonly node: string | null;
}

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );

const portNumber = z.coerce.number("a number").int().min(0).max(65_535);

const variables = z.object({
  PORT: portNumber.default(8_080),
  HOST: z.string().min(1).optional(),
  NODE_ENV: z.string().optional(),
  TIDEWIRE_DATA: z.string().min(1).default("./data"),
  TIDEWIRE_ENGINE: z
    .string()
    .default("sqlite")
    .refine(
      (text) => ["sqlite", "memory"].includes(text) || isSharedAddress(text),
      `sqlite, memory or ${expectedAddress}`,
    ),
  TIDEWIRE_JOBS: z.string().default("embedded").refine(isJobStore, expectedJobs),
  TIDEWIRE_WORKER: z.enum(["beside", "none"], { error: "beside or none" }).default("beside"),
  TIDEWIRE_WORKER_PORT: portNumber.optional(),
  TIDEWIRE_WORKER_HOST: z.string().min(1).optional(),
  TIDEWIRE_URL: z.url({ protocol: /^https?$/, error: "an address such as http://127.0.0.1:8080" }).optional(),
  TIDEWIRE_SMTP_URL: z.url({ protocol: /^smtps?$/, error: "an address such as smtp://user@host:587" }).optional(),
  TIDEWIRE_MAIL_DOMAIN: z.hostname("a domain such as example.com").default("harbor.test"),
  TIDEWIRE_PUBLIC_URL: z.url({ protocol: /^https?$/, error: "an address such as https://harbor.example" }).optional(),
  DATABASE_URL: z.undefined({ error: "not taken yet: Harbor keeps its data in SQLite, in the data folder" }).optional(),
  TIDEWIRE_API_KEY: z.string().min(16, "at least 16 characters").optional(),
  TIDEWIRE_SESSION_SECRET: z.string().min(32, "at least 32 characters").optional(),
  TIDEWIRE_ORIGINS: list,
  TIDEWIRE_TRUST_PROXY: list,
  TIDEWIRE_SUPERVISED: z.string().optional(),
  TIDEWIRE_NODE: z
    .string()
    .regex(/^[\w-]{1,32}$/, "a name of at most 32 letters, digits, - and _")
    .optional(),
});

const secrets = ["TIDEWIRE_API_KEY", "TIDEWIRE_SESSION_SECRET", "TIDEWIRE_JOBS", "TIDEWIRE_SMTP_URL"] as const;

/** @throws {SettingsError} that names the variable and what it should be. */
export function parseConfig(env: NodeJS.ProcessEnv, args: readonly string[]): Config {
  const unknown = args.find((arg) => arg !== "--dev");
  if (unknown !== undefined) throw new SettingsError(`${unknown} is not an option of Harbor; --dev is the only one`);
  const parsed = variables.safeParse(readSecrets(env, secrets));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`${String(issue?.path[0] ?? "the configuration")}: ${issue?.message ?? "is not valid"}`);
  }
  const given = parsed.data;
  const hosts = hostsFor(given.HOST);
  const mode = modeFor(given.NODE_ENV, hosts);
  return {
    port: given.PORT,
    hosts,
    mode,
    isDev: args.includes("--dev"),
    dataFolder: path.resolve(given.TIDEWIRE_DATA),
    engine: given.TIDEWIRE_ENGINE,
    jobs: given.TIDEWIRE_JOBS,
    hasWorker: given.TIDEWIRE_WORKER === "beside",
    workerDoor: workerDoorOf(given),
    serverUrl: given.TIDEWIRE_URL ?? ownUrl(hosts[0] ?? "localhost", given.PORT),
    mail: {
      kind: given.TIDEWIRE_SMTP_URL !== undefined ? "smtp" : mode === "development" ? "mailbox" : "none",
      smtpUrl: given.TIDEWIRE_SMTP_URL ?? "",
      domain: given.TIDEWIRE_MAIL_DOMAIN,
      publicUrl: given.TIDEWIRE_PUBLIC_URL ?? null,
    },
    apiKey: given.TIDEWIRE_API_KEY ?? null,
    sessionSecret: given.TIDEWIRE_SESSION_SECRET ?? null,
    origins: given.TIDEWIRE_ORIGINS,
    trustProxy: given.TIDEWIRE_TRUST_PROXY,
    isSupervised: given.TIDEWIRE_SUPERVISED === "1",
    node: given.TIDEWIRE_NODE ?? null,
  };
}

/** @throws {SettingsError} for an address without a port: whoever gave it waits for figures that nobody tells. */
function workerDoorOf(given: z.infer<typeof variables>): Config["workerDoor"] {
  const { TIDEWIRE_WORKER_PORT: port, TIDEWIRE_WORKER_HOST: host } = given;
  if (port !== undefined) return { hosts: hostsFor(host), port };
  if (host !== undefined) throw new SettingsError("TIDEWIRE_WORKER_HOST: expected TIDEWIRE_WORKER_PORT beside it");
  return null;
}
