// What `tidewire chaos --to` names: a server's address, as a URL of some protocol over TCP or as host:port.
import { SettingsError } from "../host/settings.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  /** The same address with the proxy in the server's place: what a client has to be given. */
  readonly through: (proxyPort: number) => string;
}

/** Schemes and the ports they mean; `null`: the port has to be there. */
const schemes: ReadonlyMap<string, number | null> = new Map([
  ["ws:", 80],
  ["http:", 80],
  ["tcp:", null],
  ["redis:", 6_379],
  // The bytes pass unread; the server's certificate has to be good for 127.0.0.1, or the client look away.
  ["wss:", 443],
  ["https:", 443],
  ["rediss:", 6_379],
]);

/** @throws {SettingsError} */
export function parseTarget(text: string): Target {
  const hasScheme = text.includes("://");
  const url = URL.parse(hasScheme ? text : `tcp://${text}`);
  const usual = url === null ? undefined : schemes.get(url.protocol);
  if (url === null || usual === undefined || url.hostname === "") throw unknownTarget(text);
  const port = url.port === "" ? usual : Number(url.port);
  if (port === null || port === 0) throw new SettingsError(`--to: expected a port from 1 to 65535, got ${quote(text)}`);
  const through = (proxyPort: number): string => {
    if (!hasScheme) return `127.0.0.1:${proxyPort}`;
    const proxied = new URL(url);
    proxied.host = `127.0.0.1:${proxyPort}`;
    // It is printed, and a terminal's scrollback is no place for a password.
    if (proxied.password !== "") proxied.password = "***";
    return proxied.href;
  };
  return { host: url.hostname.replace(/^\[(.+)\]$/, "$1"), port, through };
}

function unknownTarget(text: string): SettingsError {
  const names = [...schemes.keys()].map((scheme) => `${scheme}//`).join(", ");
  return new SettingsError(`--to: expected host:port or a URL of ${names}, got ${quote(text)}`);
}

function quote(text: string): string {
  return JSON.stringify(text.replace(/:\/\/[^@/]*@/, "://***@"));
}
