// Who is at the other end: addresses, and which of them to believe.
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const nonPublic = new BlockList();
for (const [net, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  nonPublic.addSubnet(net, prefix, "ipv4");
}
nonPublic.addSubnet("fc00::", 7, "ipv6");
nonPublic.addSubnet("fe80::", 10, "ipv6");

export function isLoopback(address: string): boolean {
  // Asked several times for each connection; a list is slow to ask.
  return address === "127.0.0.1" || address === "::1" || isIn(loopback, address);
}

/** Whether limits per address make sense: behind an unknown balancer or a private network many share one. */
export function isPublic(address: string): boolean {
  return isIP(address) !== 0 && !isLoopback(address) && !isIn(nonPublic, address);
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** An IPv4 address in IPv6 clothes is the IPv4 address. */
export function plain(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** The right-most address of `X-Forwarded-For` that no trusted balancer vouches for; else the socket's. */
export function clientAddress(request: IncomingMessage, trusted: ReadonlySet<string>): string {
  let address = plain(request.socket.remoteAddress ?? "");
  const forwarded = [request.headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
  while (trusted.has(address)) {
    const before = plain(withoutPort(forwarded.pop()?.trim() ?? ""));
    if (isIP(before) === 0) return address;
    address = before;
  }
  return address;
}

/** Some balancers write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(written: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(written)?.[1] ?? /^([\d.]+):\d+$/.exec(written)?.[1] ?? written;
}
