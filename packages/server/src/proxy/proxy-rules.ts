// Proxy events: access rules whose answers come from a backend, in the bodies of Centrifugo's proxies (PROTOCOL 3.6).
import type { ChannelDefinition } from "@tidewire/protocol";
import type { AccessRules, ConnectRequest, Identity, OtherCalls, PublishRuleContext, RuleContext } from "../access.ts";
import { dataOf, identityOf, publishTermsOf, renewalOf, subscribeTermsOf } from "./answers.ts";
import { Backend, type BackendPorts, type Question } from "./backend.ts";
import type { ChannelProxyEndpoint, ProxyEndpoint, ProxyOptions } from "./proxy-options.ts";

/** What decides, by the application's own code or by a backend. */
export interface Deciding {
  readonly access: AccessRules;
  readonly otherCalls: OtherCalls | undefined;
}

export interface Proxied extends Deciding {
  /** Ends connections to backends. */
  readonly close: () => void;
}

/** Puts backends before the rules there are. @throws {TypeError | RangeError} when an option is malformed. */
export function proxied({ access, otherCalls }: Deciding, options: ProxyOptions, ports: BackendPorts): Proxied {
  const backends: Backend[] = [];
  const backend = (event: ConstructorParameters<typeof Backend>[0], endpoint: ProxyEndpoint): Backend => {
    const made = new Backend(event, endpoint, ports);
    backends.push(made);
    return made;
  };
  const { connect, refresh, subscribe, subRefresh, publish, rpc } = options;
  const rules: AccessRules = {
    ...access,
    ...(connect && { connect: connectRule(backend("connect", connect), access) }),
    ...(refresh && { refresh: refreshRule(backend("refresh", refresh)) }),
    ...(subscribe && { subscribe: subscribeRule(backend("subscribe", subscribe), subscribe, access) }),
    ...(subRefresh && subRefreshRules(backend("sub_refresh", subRefresh), subRefresh)),
    ...(publish && { publish: publishRule(backend("publish", publish), publish, access) }),
  };
  const answers = rpc === undefined ? otherCalls : callsOf(backend("rpc", rpc));
  const names = backends.flatMap(({ clientHeaders }) => clientHeaders.map((name) => name.toLowerCase()));
  const keptHeaders = [...new Set([...(access.keptHeaders ?? []), ...names])];
  return {
    access: keptHeaders.length === 0 ? rules : { ...rules, keptHeaders },
    otherCalls: answers,
    close: () => {
      for (const each of backends) each.close();
    },
  };
}

type Rule<Name extends keyof AccessRules> = NonNullable<AccessRules[Name]>;

function connectRule(backend: Backend, { connect }: AccessRules): Rule<"connect"> {
  return (request) => {
    const { claims } = request;
    // Whoever shows a good token has been let in by who signed it.
    if (claims !== null) return connect === undefined ? { user: claims.user, info: claims.info } : connect(request);
    return backend.ask(connecting(request), identityOf) satisfies Promise<Identity>;
  };
}

function connecting({ session, dialect, data, headers }: ConnectRequest): Question {
  const given = Object.entries(headers).map(([name, value]) => {
    return [name, Array.isArray(value) ? value.join(", ") : value] as const;
  });
  return { body: { ...who(session, dialect), data }, headers: Object.fromEntries(given) };
}

function refreshRule(backend: Backend): Rule<"refresh"> {
  return (context) => backend.ask(about(backend, context, {}), renewalOf);
}

function subscribeRule(backend: Backend, options: ChannelProxyEndpoint, { subscribe }: AccessRules): Rule<"subscribe"> {
  const isAsked = patternsOf(options);
  return (context) => {
    if (!isAsked(context.definition)) return subscribe?.(context) ?? true;
    const { channel, data } = context;
    return backend.ask(about(backend, context, { channel, data }), subscribeTermsOf);
  };
}

function subRefreshRules(
  backend: Backend,
  { patterns }: ChannelProxyEndpoint,
): Pick<AccessRules, "subRefresh" | "subRefreshPatterns"> {
  return {
    subRefresh: (context) => backend.ask(about(backend, context, { channel: context.channel }), renewalOf),
    ...(patterns !== undefined && { subRefreshPatterns: patterns }),
  };
}

function publishRule(backend: Backend, options: ChannelProxyEndpoint, { publish }: AccessRules): Rule<"publish"> {
  const isAsked = patternsOf(options);
  return (context) => {
    if (!isAsked(context.definition)) return publish?.(context) ?? true;
    return backend.ask(about(backend, context, publishing(context)), publishTermsOf);
  };
}

function publishing({ channel, data, removedKey }: PublishRuleContext): object {
  if (removedKey !== null) return { channel, data: null, removed_key: removedKey };
  return data instanceof Uint8Array ? { channel, b64data: Buffer.from(data).toString("base64") } : { channel, data };
}

function callsOf(backend: Backend): OtherCalls {
  return (method, data, context) => {
    const question = about(backend, context, { method, data });
    return backend.ask({ ...question, signal: context.signal }, dataOf);
  };
}

/** A question about somebody who is connected. */
function about({ sendsMeta }: Backend, context: RuleContext, more: object): Question {
  const { session, user, dialect, meta, headers } = context;
  const body = { ...who(session, dialect), user, ...more, ...(sendsMeta && meta !== undefined && { meta }) };
  return { body, headers };
}

/** In the words of the shapes; a dialect's name is that of its encoder, "centrifuge-json+tide/ws". */
function who(client: string, dialect: string): object {
  const [language = "", transport = ""] = dialect.split("/");
  const isProtobuf = language.includes("protobuf");
  return {
    client,
    transport: transport.startsWith("ws") ? "websocket" : transport,
    protocol: isProtobuf ? "protobuf" : language.startsWith("centrifuge") ? "json" : "raw",
    encoding: isProtobuf ? "binary" : "json",
  };
}

function patternsOf({ patterns }: ChannelProxyEndpoint): (definition: ChannelDefinition) => boolean {
  const named = patterns === undefined ? null : new Set(patterns);
  return ({ pattern }) => named === null || named.has(pattern);
}
