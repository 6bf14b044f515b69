// A client's voice: the same commands in JSON and in Protobuf, several in one frame where a test says so.
import type { Served } from "../serving.ts";
import { type Ended, talk, type Talk } from "../talk.ts";
import { decodeMessage, encodeMessage } from "../../packages/server/src/dialects/centrifuge/protobuf.ts";

export type FormName = "JSON" | "Protobuf";
export const forms: readonly FormName[] = ["JSON", "Protobuf"];

/** A command as JSON says it. */
export type Said = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly id: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly rpc?: { readonly data?: unknown };
}

export class Voice {
  readonly talk: Talk;
  readonly #form: FormName;
  #lastId = 0;

  constructor(begun: Talk, form: FormName) {
    this.talk = begun;
    this.#form = form;
  }

  /** Sends the commands as one frame, and gives their numbers. */
  frame(...commands: readonly Said[]): readonly number[] {
    const numbered: Said[] = commands.map((command) => ({ id: (this.#lastId += 1), ...command }));
    if (this.#form === "JSON") this.talk.send(numbered.map((command) => JSON.stringify(command)).join("\n"));
    else this.talk.send(new Uint8Array(Buffer.concat(numbered.map(protobufOf))));
    return numbered.map(({ id }) => Number(id));
  }

  /** Sends the commands as one frame, and gives their answers in their order. */
  async ask(...commands: readonly Said[]): Promise<readonly Answer[]> {
    const ids = this.frame(...commands);
    const answers = new Map<number, Answer>();
    while (answers.size < ids.length) {
      for (const answer of this.#read(await this.talk.next())) {
        if (ids.includes(answer.id)) answers.set(answer.id, answer);
      }
    }
    return ids.map((id) => answers.get(id) ?? { id });
  }

  /** The code of each answer's error; `null` where it is none. */
  async codes(...commands: readonly Said[]): Promise<readonly (number | null)[]> {
    return (await this.ask(...commands)).map(({ error }) => error?.code ?? null);
  }

  get closed(): Promise<Ended> {
    return this.talk.closed;
  }

  #read(message: string | Uint8Array): readonly Answer[] {
    if (typeof message === "string") return message.split("\n").map((line) => JSON.parse(line) as Answer);
    return pieces(message).map((bytes) => decodeMessage("Reply", bytes) as unknown as Answer);
  }
}

/** A client that is connected, with this as its connect's data. */
export async function voice({ socketUrl }: Served, form: FormName, data: unknown = {}): Promise<Voice> {
  const protocols = [form === "JSON" ? "centrifuge-json" : "centrifuge-protobuf"];
  const begun = new Voice(await talk(`${socketUrl}/connection/websocket`, { protocols }), form);
  const [welcome] = await begun.ask({ connect: { data } });
  if (welcome?.error !== undefined) throw new Error(`not connected: ${welcome.error.message}`);
  return begun;
}

/** Where JSON has a value, Protobuf has its text. */
function protobufOf(command: Said): Buffer {
  const fields = Object.entries(command).map(([name, given]) => {
    if (typeof given !== "object" || given === null || !("data" in given)) return [name, given];
    return [name, { ...given, data: Buffer.from(JSON.stringify(given.data)) }];
  });
  const bytes = encodeMessage("Command", Object.fromEntries(fields) as Parameters<typeof encodeMessage>[1]);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** What has its length before it. */
function pieces(bytes: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    let length = 0;
    for (let factor = 1; ; factor *= 128, at += 1) {
      length += ((bytes[at] ?? 0) & 127) * factor;
      if ((bytes[at] ?? 0) < 128) break;
    }
    found.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return found;
}
