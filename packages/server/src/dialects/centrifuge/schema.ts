// The messages of the Centrifuge protocol as data: field numbers, names and kinds, for the Protobuf form.
//
// Source: the protocol's definition, version 0.21. Only what this server reads or writes is here; unknown fields are
// skipped. Numbers from 100 on are our own (PROTOCOL 1.24). A kind with a capital is a message; `[]` repeats; `map` has texts as keys.

export type Scalar = "string" | "bytes" | "bool" | "uint32" | "int32" | "uint64" | "int64" | "double";

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly kind: Scalar | MessageName;
  readonly shape: "one" | "many" | "map";
}

const notation = {
  Command: `1 id uint32, 4 connect ConnectRequest, 5 subscribe SubscribeRequest, 6 unsubscribe ChannelRequest,
    7 publish PublishRequest, 8 presence ChannelRequest, 9 presence_stats ChannelRequest, 10 history HistoryRequest,
    11 ping Nothing, 12 send SendRequest, 13 rpc RPCRequest, 14 refresh RefreshRequest, 15 sub_refresh SubRefreshRequest`,
  ConnectRequest: `1 token string, 2 data bytes, 3 subs map SubscribeRequest, 4 name string, 5 version string,
    6 headers map string, 7 flag int64, 100 tide uint32`,
  SubscribeRequest: `1 channel string, 2 token string, 3 recover bool, 6 epoch string, 7 offset uint64, 8 data bytes,
    9 positioned bool, 10 recoverable bool, 11 join_leave bool, 12 delta string, 13 tf FilterNode, 14 flag int64,
    100 tide TideSubscribe`,
  TideSubscribe: "1 paused bool, 2 last string, 3 rate double",
  FilterNode: "1 op string, 2 key string, 3 cmp string, 4 val string, 5 vals [] string, 6 nodes [] FilterNode",
  ChannelRequest: "1 channel string",
  PublishRequest: "1 channel string, 2 data bytes",
  HistoryRequest: "1 channel string, 7 limit int32, 8 since StreamPosition, 9 reverse bool",
  StreamPosition: "1 offset uint64, 2 epoch string",
  SendRequest: "1 data bytes",
  RPCRequest: "1 data bytes, 2 method string, 100 tide TideCall, 101 payload bytes",
  TideCall: "1 timeout uint32",
  RefreshRequest: "1 token string",
  SubRefreshRequest: "1 channel string, 2 token string",

  Reply: `1 id uint32, 2 error Error, 4 push Push, 5 connect ConnectResult, 6 subscribe SubscribeResult,
    7 unsubscribe Nothing, 8 publish Nothing, 9 presence PresenceResult, 10 presence_stats PresenceStatsResult,
    11 history HistoryResult, 13 rpc RPCResult, 14 refresh RefreshResult, 15 sub_refresh SubRefreshResult`,
  Error: "1 code uint32, 2 message string, 3 temporary bool",
  ConnectResult: `1 client string, 2 version string, 3 expires bool, 4 ttl uint32, 5 data bytes,
    6 subs map SubscribeResult, 7 ping uint32, 8 pong bool, 9 session string, 10 node string`,
  SubscribeResult: `1 expires bool, 2 ttl uint32, 3 recoverable bool, 6 epoch string, 7 publications [] Publication,
    8 recovered bool, 9 offset uint64, 10 positioned bool, 11 data bytes, 12 was_recovering bool,
    13 delta bool, 14 id int64`,
  PresenceResult: "1 presence map ClientInfo",
  PresenceStatsResult: "1 num_clients uint32, 2 num_users uint32",
  HistoryResult: "1 publications [] Publication, 2 epoch string, 3 offset uint64",
  RPCResult: "1 data bytes",
  RefreshResult: "1 client string, 2 version string, 3 expires bool, 4 ttl uint32",
  SubRefreshResult: "1 expires bool, 2 ttl uint32",

  Push: `2 channel string, 4 pub Publication, 5 join ClientEvent, 6 leave ClientEvent, 7 unsubscribe Unsubscribe,
    8 message SendRequest, 9 subscribe Subscribe, 11 disconnect Disconnect, 100 skipped Skipped, 101 members Counts,
    102 return Return`,
  Skipped: "1 count uint64",
  Return: "1 after uint64",
  Counts: "1 clients uint32, 2 users uint32",
  Publication: `4 data bytes, 5 info ClientInfo, 6 offset uint64, 7 tags map string, 8 delta bool, 9 time int64,
    11 key string, 12 removed bool, 100 id string, 101 is_bytes bool`,
  ClientInfo: "1 user string, 2 client string, 3 conn_info bytes, 4 chan_info bytes",
  ClientEvent: "1 info ClientInfo",
  Unsubscribe: "2 code uint32, 3 reason string",
  Subscribe: "1 recoverable bool, 4 epoch string, 5 offset uint64, 6 positioned bool, 7 data bytes",
  Disconnect: "1 code uint32, 2 reason string",
  Nothing: "",

  EmulationRequest: "1 node string, 2 session string, 3 data bytes",
} as const;

export type MessageName = keyof typeof notation;

/** The fields of each message. */
export const messages: ReadonlyMap<string, readonly Field[]> = new Map(
  Object.entries(notation).map(([name, fields]) => [name, fields.split(",").flatMap(parseField)]),
);

function parseField(text: string): Field | [] {
  const words = text.trim().split(/\s+/);
  const [number = "", name = "", first = "", second] = words;
  if (number === "") return [];
  const shape = second === undefined ? "one" : first === "map" ? "map" : "many";
  return { number: Number(number), name, kind: (second ?? first) as Field["kind"], shape };
}
