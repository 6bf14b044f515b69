// What Harbor says when it has started: addresses that answer, and a command to try.
import path from "node:path";
import type { Mode } from "@tidewire/server";

export interface StartFacts {
  readonly version: string;
  readonly readyMs: number;
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  readonly apiKey: string;
  readonly dataFolder: string;
  /** Set when the port that was asked for is taken: by whom, if that is known. */
  readonly taken: { readonly port: number; readonly owner: number | null } | null;
}

export function startReport(facts: StartFacts): string {
  const address = `${facts.host}:${facts.port}`;
  const isDevelopment = facts.mode === "development";
  const modeLine = isDevelopment
    ? "development: localhost pages and guests are let in"
    : "production: pages of this host alone";
  const ready = `Harbor on Tidewire ${facts.version}, ready in ${Math.round(facts.readyMs)} ms`;
  const sockets = ["/connection/websocket", "/raw/{channel}", "/echo"].join("   ");
  const lines = [
    ...takenLine(facts),
    `${ready}        ${modeLine}`,
    `App         http://${address}/`,
    // In production the key is a secret, and a terminal's scrollback is no place for one.
    `API         http://${address}/api/publish        key ${isDevelopment ? facts.apiKey : "as configured"}`,
    `Sockets     ${sockets}`,
    `Data        ${shortPath(facts.dataFolder)}`,
    ...(isDevelopment ? [`try  ${example(address, facts.apiKey)}`] : []),
  ];
  return lines.map((line) => `  ${line}`).join("\n");
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
