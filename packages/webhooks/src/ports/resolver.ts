// The addresses of a host, as the machine finds them.
import { lookup, Resolver } from "node:dns/promises";

/** @returns At least one address. @throws {Error} when there is none, or it is not known in time. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolver = new Resolver({ timeout: 2_000, tries: 2 });

/**
 * Name servers first, and the system's own way (its hosts file, its search list) for what they do not know: that way takes
 * one of a few threads, so a name server that is silent about one host would keep all others waiting.
 */
export const systemResolve: Resolve = async (host) => {
  if (/(^|\.)localhost\.?$/i.test(host)) return await systemWay(host);
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = found.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  if (addresses.length > 0) return addresses;
  const late = found.find((each) => each.status === "rejected" && codeOf(each.reason) === "ETIMEOUT");
  if (late?.status === "rejected") throw late.reason;
  return await systemWay(host);
};

async function systemWay(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : null;
}
