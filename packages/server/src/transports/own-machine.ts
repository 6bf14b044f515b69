// Whether a request comes from this machine itself, by somebody who works on it.
import type { IncomingMessage } from "node:http";
import { isLoopback, plain } from "./address.ts";

const forwarding = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/**
 * From a loopback address, to a loopback name, and through nobody: a balancer on this machine speaks for others, and a page
 * whose own name was made to mean this machine (DNS rebinding) asks by that name.
 */
export function isFromOwnMachine({ socket, headers }: IncomingMessage): boolean {
  if (!isLoopback(plain(socket.remoteAddress ?? ""))) return false;
  if (forwarding.some((name) => headers[name] !== undefined)) return false;
  const host = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(headers.host ?? "");
  const name = host?.[1] ?? host?.[2] ?? "";
  return name === "localhost" || isLoopback(name);
}
