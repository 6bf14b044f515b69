// The messages of the protocol's Protobuf form that a client says and hears, as data.
//
// Names are those of JSON, so that what is decoded reads like a frame of it. Numbers from 100 on are PROTOCOL 1.24's. A kind
// with a capital is a message; `*` repeats, `map` has texts as keys; `json` is JSON as bytes.

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly kind: string;
  readonly shape: "" | "*" | "map";
}

const notation: Readonly<Record<string, string>> = {
  Command: `1 id whole,4 connect Connect,5 subscribe Subscribe,6 unsubscribe Named,8 presence Named,9 presence_stats Named,10 history History,12 send Data,13 rpc Call,14 refresh Refresh,15 sub_refresh Token`,
  Connect: "1 token text,2 data json,4 name text,100 tide whole",
  Subscribe:
    "1 channel text,2 token text,3 recover bool,6 epoch text,7 offset whole,10 recoverable bool,11 join_leave bool,100 tide Tide",
  Tide: "1 paused bool,2 last text,3 rate double",
  Named: "1 channel text",
  History: "1 channel text,7 limit whole,8 since Position,9 reverse bool",
  Position: "1 offset whole,2 epoch text",
  Data: "1 data json",
  Call: "1 data json,2 method text,100 tide Timeout,101 payload bytes",
  Timeout: "1 timeout whole",
  Token: "1 channel text,2 token text",
  Refresh: "1 token text",
  Reply: `1 id whole,2 error Error,4 push Push,5 connect Connected,6 subscribe Subscribed,7 unsubscribe Nothing,9 presence Presence,10 presence_stats Stats,11 history Page,13 rpc Data,14 refresh Connected,15 sub_refresh Subscribed`,
  Error: "1 code whole,2 message text,3 temporary bool",
  Connected: "1 client text,3 expires bool,4 ttl whole,5 data json,7 ping whole,8 pong bool",
  Subscribed:
    "1 expires bool,2 ttl whole,3 recoverable bool,6 epoch text,7 publications *Publication,8 recovered bool,9 offset whole",
  Presence: "1 presence map Member",
  Stats: "1 num_clients whole,2 num_users whole",
  Page: "1 publications *Publication,2 epoch text,3 offset whole",
  Push: `2 channel text,4 pub Publication,5 join Event,6 leave Event,7 unsubscribe End,8 message Data,11 disconnect Disconnect,100 skipped Skipped,101 members Counts,102 return Return`,
  Publication:
    "4 data bytes,5 info Member,6 offset whole,7 tags map text,9 time whole,11 key text,12 removed bool,100 id text,101 is_bytes bool",
  Member: "1 user text,2 client text,3 conn_info json,4 chan_info json",
  Event: "1 info Member",
  End: "2 code whole,3 reason text",
  Disconnect: "1 code whole,2 reason text",
  Skipped: "1 count whole",
  Return: "1 after whole",
  Counts: "1 clients whole,2 users whole",
  Nothing: "",
};

const parsed = new Map<string, readonly Field[]>();

/** The fields of a message; `null` where it is no message but a scalar. */
export function fieldsOf(kind: string): readonly Field[] | null {
  const text = notation[kind];
  if (text === undefined) return null;
  const known = parsed.get(kind);
  if (known !== undefined) return known;
  const fields = text.split(",").flatMap((field): Field[] => {
    const [, number, name = "", shape, of = ""] = /^(\d+) (\w+) (\*|map )?(\w+)$/.exec(field) ?? [];
    return number === undefined
      ? []
      : [{ number: Number(number), name, kind: of, shape: (shape?.trim() ?? "") as Field["shape"] }];
  });
  parsed.set(kind, fields);
  return fields;
}
