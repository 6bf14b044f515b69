// What a server says when it has started: addresses that answer, and a command to try.
import path from "node:path";
import type { Mode } from "@tidewire/server";

/** What a server knows of itself when it has started. */
export interface StartFacts {
  /** What has started: "Harbor on Tidewire 0.1.0". */
  readonly title: string;
  readonly readyMs: number;
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  /** The path of its page; `null` when it has none. */
  readonly page: string | null;
  readonly apiKey: string;
  readonly dataFolder: string;
  /** Processes that serve clients. Default: this one. */
  readonly workers?: number;
  /** Set when the port that was asked for is taken: by whom, if that is known. */
  readonly taken: { readonly port: number; readonly owner: number | null } | null;
}

const sockets = ["/connection/websocket", "/raw/{channel}", "/echo"];

/** The lines that a server prints when it has started. The API key is among them in development alone. */
export function startReport(facts: StartFacts): string {
  const address = `${hostName(facts.host)}:${facts.port}`;
  const isDevelopment = facts.mode === "development";
  const modeLine = isDevelopment
    ? "development: localhost pages and guests are let in"
    : "production: pages of this host alone";
  const lines = [
    ...takenLine(facts),
    `${facts.title}, ready in ${Math.round(facts.readyMs)} ms        ${modeLine}`,
    ...(facts.page === null ? [] : [`App         http://${address}${facts.page}`]),
    // In production the key is a secret, and a terminal's scrollback is no place for one.
    `API         http://${address}/api        key ${isDevelopment ? facts.apiKey : "as configured"}        docs /api/docs`,
    `Sockets     ${sockets.join("   ")}`,
    `Data        ${shortPath(facts.dataFolder)}`,
    ...(facts.workers === undefined || facts.workers === 1 ? [] : [`Workers     ${facts.workers}`]),
    ...(isDevelopment ? [`try  ${example(address, facts.apiKey)}`] : []),
  ];
  return lines.map((line) => `  ${line}`).join("\n");
}

function hostName(host: string): string {
  if (host === "127.0.0.1" || host === "::1") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function takenLine({ taken, port }: StartFacts): string[] {
  if (taken === null) return [];
  const owner = taken.owner === null ? "another process" : `process ${taken.owner}`;
  return [`${taken.port} is in use by ${owner}; using ${port}`];
}

function example(address: string, apiKey: string): string {
  const body = JSON.stringify({ channel: "public:hello", data: { text: "hi" } });
  return `curl -H 'X-API-Key: ${apiKey}' ${address}/api/publish -d '${body}'`;
}

function shortPath(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.startsWith("..") ? folder : `./${relative}`;
}
