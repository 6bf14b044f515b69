// The table of the server API's methods: what each does, takes and answers.
import { history, historyRemove } from "./history.ts";
import type { ApiNode } from "./node.ts";
import { channels, info } from "./overview.ts";
import type { JsonText, Parameters } from "./parameters.ts";
import { presence, presenceStats } from "./presence.ts";
import { broadcast, publish } from "./publish.ts";
import { anything, type JsonSchema, list, map, object, type Properties, text, toggle, whole } from "./schema.ts";
import { disconnect, refresh, subscribe, unsubscribe } from "./sessions.ts";
import { mostDeliveries, webhooks, webhooksDead, webhooksReplay } from "./webhooks.ts";

export interface ApiMethod {
  /** What it does, in a sentence. */
  readonly about: string;
  readonly parameters: Properties;
  readonly result: JsonSchema;
  /** Parameters somebody might send. */
  readonly example: object;
  /** The JSON of its result. @throws {TidewireError} */
  readonly act: (node: ApiNode, parameters: Parameters) => Promise<JsonText>;
}

const channel = text("The channel's name.", { minLength: 1, maxLength: 255 });

/** Whom a command is for. */
const whom: Properties = {
  user: text("All connections of this user."),
  client: text("This connection alone; with user, if it is the user's."),
  session: text("The same as client."),
};

const publishing: Properties = {
  "data!": anything("What is published: any JSON that the channel's schema takes."),
  tags: map({ type: "string" }, "Go along with it.", { maxProperties: 32 }),
  idempotency_key: text("Publishing again with the same key within 5 minutes publishes nothing.", {
    minLength: 1,
    maxLength: 64,
  }),
};

const published = object({
  epoch: text("Where history is kept: its epoch."),
  offset: whole("Where history is kept: the place in it."),
  duplicate: toggle("True when the key was known; the place is the first one's."),
  "durability!": text("The class of fault it survives.", { enum: ["volatile", "process", "fsync", "quorum"] }),
});

const error: JsonSchema = { $ref: "#/components/schemas/Error" };
const member: JsonSchema = { $ref: "#/components/schemas/Member" };

const nothing = object({}, "Empty.");
const position = object({ offset: whole("", { minimum: 0 }), epoch: text("") }, "A place in the history.");

const publication = object({
  "data!": anything("What was published."),
  "offset!": whole("Its place."),
  info: member,
  tags: map({ type: "string" }, "What went along."),
  key: text("Of a latest channel: which value it is."),
  removed: toggle("Of a latest channel: the key has no value any more."),
});

export const apiMethods: Readonly<Record<string, ApiMethod>> = {
  publish: {
    about: "Publishes to a channel.",
    parameters: { "channel!": channel, ...publishing },
    result: published,
    example: { channel: "public:hello", data: { text: "hi" } },
    act: publish,
  },
  broadcast: {
    about: "Publishes the same to several channels; each has an answer of its own.",
    parameters: {
      "channels!": list(channel, "The channels.", { minItems: 1, maxItems: 1_000 }),
      ...publishing,
    },
    result: object({ "responses!": list(object({ result: published, error }), "In the order of the channels.") }),
    example: { channels: ["public:a", "public:b"], data: { text: "hi" } },
    act: broadcast,
  },
  subscribe: {
    about: "Subscribes connections by the server's own word.",
    parameters: {
      "channel!": channel,
      ...whom,
      info: anything("What others in the channel see of it, beside the connection's info."),
      data: anything("Sent to the client with the news."),
      expire_at: whole("When the subscription ends, in seconds since 1970."),
      recover_since: { ...position, description: "The publications after it follow, or the request fails with 112." },
    },
    result: nothing,
    example: { user: "42", channel: "public:news" },
    act: subscribe,
  },
  unsubscribe: {
    about: "Ends subscriptions, whoever began them.",
    parameters: { "channel!": channel, ...whom },
    result: nothing,
    example: { user: "42", channel: "public:news" },
    act: unsubscribe,
  },
  disconnect: {
    about: "Closes connections.",
    parameters: {
      ...whom,
      whitelist: list({ type: "string" }, "Clients that are spared.", { maxItems: 1_000 }),
      disconnect: object(
        {
          code: whole("One of the protocol's close codes, or one of yours from 4000 to 4999. Default: 3503."),
          reason: text("Said with a code of yours, at most 100 bytes."),
        },
        "How they end.",
      ),
    },
    result: nothing,
    example: { user: "42" },
    act: disconnect,
  },
  refresh: {
    about: "Prolongs connections, or says that their time is over.",
    parameters: {
      ...whom,
      expired: toggle("True closes them with 3005."),
      expire_at: whole("When they end, in seconds since 1970; without it, or 0, never."),
    },
    result: nothing,
    example: { user: "42", expire_at: 4_000_000_000 },
    act: refresh,
  },
  presence: {
    about: "Who is in a channel.",
    parameters: { "channel!": channel },
    result: object({ "presence!": map(member, "By client.") }),
    example: { channel: "public:hello" },
    act: presence,
  },
  presence_stats: {
    about: "How many are in a channel.",
    parameters: { "channel!": channel },
    result: object({ "num_clients!": whole("Connections."), "num_users!": whole("Users.") }),
    example: { channel: "public:hello" },
    act: presenceStats,
  },
  history: {
    about: "What a channel's history has, or where it stands.",
    parameters: {
      "channel!": channel,
      limit: whole("How many; 0 gives the place alone, a negative number as many as one answer holds. Default: 0."),
      since: { ...position, description: "Those after this place; with reverse, those before it." },
      reverse: toggle("The newest first."),
    },
    result: object({
      "publications!": list(publication, "The publications."),
      "epoch!": text("The epoch of the history."),
      "offset!": whole("The place of the newest."),
    }),
    example: { channel: "public:hello", limit: 10 },
    act: history,
  },
  history_remove: {
    about: "Forgets a channel's history; who listens is told of a gap.",
    parameters: { "channel!": channel },
    result: nothing,
    example: { channel: "public:hello" },
    act: historyRemove,
  },
  channels: {
    about: "The channels that somebody is subscribed to, on any node.",
    parameters: { pattern: text("* stands for any characters. Default: all.") },
    result: object({ "channels!": map(object({ "num_clients!": whole("Connections.") }), "By name, up to 10,000.") }),
    example: { pattern: "public:*" },
    act: channels,
  },
  info: {
    about: "What each node holds.",
    parameters: {},
    result: object({
      "nodes!": list(
        object({
          "uid!": text("Names this run of the process."),
          "name!": text("What its operator calls it."),
          "version!": text(""),
          "num_clients!": whole("Connections."),
          "num_users!": whole("Users."),
          "num_channels!": whole("Channels."),
          "num_subs!": whole("Subscriptions."),
          "uptime!": whole("Seconds."),
        }),
        "One for each node.",
      ),
    }),
    example: {},
    act: info,
  },
  webhooks: {
    about: "The endpoints that are told what happens, and how far each of them is.",
    parameters: {},
    result: object({
      "endpoints!": list(
        object({
          "name!": text("What its operator calls it."),
          "url!": text("Where it is."),
          "sequence!": whole("Events so far; the newest one's number."),
          "waiting!": whole("Deliveries that are not over."),
          "dead!": whole("Deliveries that were given up."),
          "problem!": { type: ["string", "null"], description: "Why the newest attempt failed, if it did." },
        }),
        "Each endpoint.",
      ),
    }),
    example: {},
    act: webhooks,
  },
  webhooks_dead: {
    about: "Deliveries to endpoints that were given up, the oldest first.",
    parameters: {
      endpoint: text("Those to this endpoint. Default: to any."),
      after: whole("Those behind this place: the last one's of the page before.", { minimum: 0 }),
      limit: whole("How many. Default: 100.", { minimum: 0, maximum: mostDeliveries }),
    },
    result: object({
      "deliveries!": list(
        object({
          "place!": whole("Where it stands among all."),
          "endpoint!": text("To whom."),
          "id!": text("What webhook-id says."),
          "type!": text("What happened."),
          "attempts!": whole("How often it was tried."),
          "reason!": text("Why the last attempt failed, in a word."),
          "message!": text("The same in a sentence."),
          "taken_at!": whole("When the event was taken, in milliseconds since 1970."),
          "dead_at!": whole("When it was given up."),
          "payload!": anything("What was to be delivered."),
        }),
        "The deliveries.",
      ),
    }),
    example: { endpoint: "backend", limit: 10 },
    act: webhooksDead,
  },
  webhooks_replay: {
    about: "Tries deliveries again that were given up, at once and then for a day as if they were new.",
    parameters: {
      endpoint: text("Those to this endpoint. Default: to any."),
      id: text("Those with this webhook-id. Default: all."),
    },
    result: object({ "replayed!": whole("How many there were.") }),
    example: { endpoint: "backend" },
    act: webhooksReplay,
  },
};
