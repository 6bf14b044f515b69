// The address of a Redis: one server, several nodes of a cluster, or the Sentinels that know which server it is.

export interface RedisAddress {
  /** `redis:` or `rediss:`. */
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  /** With their ports, where they have one. */
  readonly hosts: readonly string[];
  /** What Sentinels call the primary; `null` where there are none. */
  readonly primary: string | null;
  /** "" for the first. */
  readonly database: string;
}

const form = /^(rediss?:|rediss?\+sentinel:)\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?$/;
const database = /^\/?(\d{0,4})$/;
const primaryAndDatabase = /^\/([\w.-]{1,64})(?:\/(\d{0,4}))?$/;

/** `null` for what is none. */
export function redisAddressIn(text: string): RedisAddress | null {
  const [, scheme = "", who = "", hostList = "", path = ""] = form.exec(text) ?? [];
  const hosts = hostList.split(",");
  if (scheme === "" || !hosts.every(isHost)) return null;
  const [username, password] = nameAndPassword(who);
  if (username === null || password === null) return null;
  const known = { protocol: scheme.replace("+sentinel", ""), username, password, hosts };
  if (scheme.includes("+sentinel")) {
    const [, primary, number = ""] = primaryAndDatabase.exec(path) ?? [];
    return primary === undefined ? null : { ...known, primary, database: number };
  }
  const [, number] = database.exec(path) ?? [];
  // A cluster has one database.
  if (number === undefined || (number !== "" && hosts.length > 1)) return null;
  return { ...known, primary: null, database: number };
}

/** As it was written, without who it is for. */
export function shownRedisAddress({ protocol, hosts, primary, database: number }: RedisAddress): string {
  const scheme = primary === null ? protocol : protocol.replace(":", "+sentinel:");
  const path = [primary ?? "", number].filter((part) => part !== "").join("/");
  return `${scheme}//${hosts.join(",")}${path === "" ? "" : `/${path}`}`;
}

/** Of one host, as the client takes it. */
export function urlOf(
  { protocol, database: number }: Pick<RedisAddress, "protocol" | "database">,
  host: string,
): string {
  return `${protocol}//${host}${number === "" ? "" : `/${number}`}`;
}

function isHost(host: string): boolean {
  if (!URL.canParse(`redis://${host}`)) return false;
  const { hostname, pathname } = new URL(`redis://${host}`);
  return hostname !== "" && pathname === "";
}

function nameAndPassword(who: string): readonly [username: string | null, password: string | null] {
  const at = who.includes(":") ? who.indexOf(":") : who.length;
  return [decoded(who.slice(0, at)), decoded(who.slice(at + 1))];
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
