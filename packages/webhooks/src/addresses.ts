// Which addresses are public: what a request may be sent to that somebody else's configuration, or name server, names.
//
// The registries of special-purpose addresses: https://www.iana.org/assignments/iana-ipv4-special-registry and
// iana-ipv6-special-registry.
import { BlockList, isIP } from "node:net";

const notPublic4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** Of what is given out at all, 2000::/3. Teredo and 6to4 have an IPv4 address in them. */
const notPublic6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const blocked = new BlockList();
for (const [net, prefix] of notPublic4) blocked.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of notPublic6) blocked.addSubnet(net, prefix, "ipv6");

const given = new BlockList();
given.addSubnet("2000::", 3, "ipv6");

/** False for what is no address. One of IPv6 that stands for one of IPv4 (mapped, translated) is not public as it stands. */
export function isPublic(address: string): boolean {
  const kind = isIP(address);
  if (kind === 4) return !blocked.check(address, "ipv4");
  // A zone names an interface of this machine.
  return kind === 6 && !address.includes("%") && given.check(address, "ipv6") && !blocked.check(address, "ipv6");
}
