// An endpoint of webhooks, as it is configured, and what would be wrong with it.
import { isIP } from "node:net";
import { isPublic } from "./addresses.ts";
import { secretProblem } from "./signature.ts";

/** Somebody who is told by HTTP. */
export interface WebhookEndpoint {
  /** 1 to 64 letters, digits, "_" or "-". Its sequence numbers and its deliveries are kept under this name. */
  readonly name: string;
  /** With TLS, unless `allowsHttp`. */
  readonly url: string;
  /** `whsec_` and 24 to 64 random bytes in base64. */
  readonly secret: string;
  /** While a secret is replaced: the one before, by which everything is signed as well. */
  readonly oldSecret?: string;
  /** What it is told, such as `member.joined`; `member.*` for all that begins so. Default: everything. */
  readonly types?: readonly string[];
  /** Whether it may be told without TLS. Default: no. */
  readonly allowsHttp?: boolean;
  /** Whether it may be this machine, or in a private network. Default: no. */
  readonly allowsPrivate?: boolean;
}

/** As the thread is given it, complete. */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly string[];
  readonly types: readonly string[] | null;
  readonly allowsPrivate: boolean;
}

/** What is wrong with it, and with what of it. */
export interface EndpointProblem {
  readonly field: keyof WebhookEndpoint;
  readonly what: string;
}

/** Everything that is wrong with an endpoint, in the order of its fields; nothing where `createWebhooks` takes it. */
export function endpointProblems(endpoint: WebhookEndpoint): readonly EndpointProblem[] {
  const { name, url, secret, oldSecret, types = [] } = endpoint;
  const problems: EndpointProblem[] = [];
  const note = (field: keyof WebhookEndpoint, what: string | null): void => {
    if (what !== null) problems.push({ field, what });
  };
  note("name", /^[\w-]{1,64}$/.test(name) ? null : 'expected 1 to 64 letters, digits, "_" or "-"');
  note("url", urlProblem(url, endpoint));
  note("secret", secretProblem(secret));
  if (oldSecret !== undefined) note("oldSecret", secretProblem(oldSecret));
  const wrong = types.find((type) => !/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*(\.\*)?$/.test(type));
  if (wrong !== undefined)
    note("types", `expected types such as "member.joined" or "member.*", got ${JSON.stringify(wrong)}`);
  return problems;
}

function urlProblem(text: string, { allowsHttp = false, allowsPrivate = false }: WebhookEndpoint): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isKnown = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isKnown) return "expected an address that begins with https://";
  if (url.protocol === "http:" && !allowsHttp) return "expected https://, since http:// is not allowed for it";
  if (url.username !== "" || url.password !== "") return "expected no user and no password: what is sent is signed";
  const host = hostOf(url);
  if (isIP(host) === 0 || allowsPrivate || isPublic(host)) return null;
  return "expected a public address, since a private one is not allowed for it";
}

/** Without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** @throws {TypeError} */
export function completed(endpoint: WebhookEndpoint): Endpoint {
  const [problem] = endpointProblems(endpoint);
  if (problem !== undefined) throw new TypeError(`the endpoint "${endpoint.name}": ${problem.field}: ${problem.what}`);
  const { name, url, secret, oldSecret, types = null, allowsPrivate = false } = endpoint;
  return { name, url, secrets: oldSecret === undefined ? [secret] : [secret, oldSecret], types, allowsPrivate };
}

export function wants({ types }: Pick<Endpoint, "types">, type: string): boolean {
  if (types === null) return true;
  return types.some((each) => (each.endsWith(".*") ? type.startsWith(each.slice(0, -1)) : each === type));
}
