// The bus: what nodes on one NATS say to each other by publish and subscribe, and who of them is there (decision 0056).
//
// Nothing of it is stored. A node that was killed is not waited for: NATS itself answers that nobody listens as it.
import { fail } from "@tidewire/protocol";
import type { Cancel, Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { type Answering, type Expected, Questions } from "../questions/questions.ts";
import { type BusWord, encodeWord, isWord, wordIn } from "./bus-words.ts";
import type { Reached } from "./line.ts";
import type { Names } from "./names.ts";
import type { NatsClient, NatsMessage } from "./nats-client.ts";
import { Members } from "./members.ts";
import { Parts, partsOf } from "./parts.ts";
import { Roster } from "./roster.ts";

/** What a question is about; it stands before it. */
type About = "cluster" | "members";
const marks: Readonly<Record<About, number>> = { cluster: 0x63, members: 0x6d };

function marked(about: About, question: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(marks[about]), question]);
}

export interface BusOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly random: Random;
  /** `null` before `listen`, for a node that is asked nothing. */
  readonly answering: Answering | null;
  /** As `Running` does: with its errors. */
  readonly ask: <Reply>(ask: (reached: Reached) => Promise<Reply>) => Promise<Reply>;
  /** Something was said that is refused. */
  readonly complain: (message: string, fields: Readonly<Record<string, string>>) => void;
}

const turnMs = 1_000;
/** A server that hangs holds up the end of no node. */
const farewellMs = 1_000;
/** What NATS answers where nobody listens. */
const nobodyListens = 503;
/** Of the subject, and headers that servers add. */
const overhead = 1_024;

export class Bus {
  readonly #options: BusOptions;
  /** This one, as others call it. */
  readonly node: string;
  readonly #questions: Questions;
  readonly #roster: Roster;
  readonly members: Members;
  readonly #parts: Parts;
  /** The one that is heard; also while it cannot be said whether NATS can be used. */
  #client: NatsClient | null = null;
  #isUp = false;
  /** End what this node hears of others. */
  #unhear: readonly (() => void)[] = [];
  #said = 0;
  #cancelTurn: Cancel = () => undefined;

  constructor(options: BusOptions) {
    const { answering, random, clock } = options;
    this.#options = options;
    this.node = answering?.node ?? random.token(96);
    const answer = (question: Uint8Array): Uint8Array | Promise<Uint8Array> => this.#answer(question);
    this.#questions = new Questions({ ...options, title: "NATS", answering: { node: this.node, answer } });
    this.#roster = new Roster(this.node, clock);
    this.members = new Members({
      node: this.node,
      askAll: (question) => this.#askAll("members", question),
      ask: (node, question) => this.#ask(node, "members", question),
      say: (lane, bytes) => {
        if (this.#isUp && this.#client !== null) this.#tell(this.#client, options.names.ofMembers(lane), bytes);
      },
      listen: (lane, heard) => this.#listen(options.names.ofMembers(lane), ({ data }) => heard(data)),
      others: () => this.#roster.names,
      refuse: () => this.#refuse(),
    });
    this.#parts = new Parts(clock);
  }

  /** `null`: no such node, or it could not. @throws {TidewireError} */
  async ask(node: string, question: Uint8Array): Promise<Uint8Array | null> {
    this.#checkListening();
    return await this.#ask(node, "cluster", question);
  }

  /** @throws {TidewireError} */
  async askAll(question: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#checkListening();
    return [...(await this.#askAll("cluster", question)).values()];
  }

  /** On a connection that has no subscriptions yet. */
  subscribe(client: NatsClient): void {
    const { names } = this.#options;
    this.#client = client;
    this.#unhear = [names.ofBus(), names.ofNode(this.node, ">")].map((subject) =>
      this.#listen(subject, (message) => this.#hear(message)),
    );
    this.members.relisten();
  }

  /** NATS can be used: whoever is there hears of this node, and introduces itself. Resolves when NATS has heard it. */
  async begin(): Promise<void> {
    this.#isUp = true;
    this.#roster.begin();
    this.#sayAll({ kind: "hello", node: this.node, counts: this.members.counts });
    this.#turnLater();
    await this.#client?.connection.flush().catch(() => undefined);
  }

  /** Nothing that was asked will be answered. */
  lost(): void {
    this.#isUp = false;
    this.#cancelTurn();
    this.#parts.clear();
    this.#roster.lost();
    this.#questions.lost();
  }

  /** This node ends: nobody need wait for it. Resolves when NATS knows, or is not there. */
  async end(): Promise<void> {
    const { clock } = this.#options;
    const wasUp = this.#isUp;
    this.lost();
    if (!wasUp || this.#client === null) return;
    // First: who asks it after its farewell is to be told by NATS that nobody listens, and not to wait for an answer.
    for (const end of this.#unhear) end();
    this.#sayAll({ kind: "end", node: this.node });
    const { promise: isLate, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(farewellMs, resolve);
    await Promise.race([this.#client.connection.flush().catch(() => undefined), isLate]);
    cancel();
  }

  /** Until it is called off, or the connection has ended for good. */
  #listen(subject: string, hear: (message: NatsMessage) => void): () => void {
    const client = this.#client;
    // The next one listens to it too.
    if (client === null || client.connection.isClosed()) return () => undefined;
    const subscription = client.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null && this.#client === client) hear(message);
      },
    });
    return () => {
      if (!client.connection.isClosed()) subscription.unsubscribe();
    };
  }

  #checkListening(): void {
    if (this.#options.answering === null) throw new TypeError("`listen` was expected before a question");
  }

  async #ask(node: string, about: About, question: Uint8Array): Promise<Uint8Array | null> {
    return await this.#questions.ask(node, marked(about, question), (bytes, of) => this.#put(bytes, of));
  }

  async #askAll(about: About, question: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
    return await this.#questions.askAll(marked(about, question), (bytes, of) => this.#put(bytes, of));
  }

  /** @throws {TidewireError} `bad_request` for what no node has asked. */
  #answer(marked: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { answering } = this.#options;
    const question = marked.subarray(1);
    if (marked[0] === marks.members)
      return this.members.answer(question) ?? fail("bad_request", "channels were expected");
    if (marked[0] !== marks.cluster || answering === null)
      return fail("bad_request", "a question of a node was expected");
    return answering.answer(question);
  }

  async #put(bytes: Uint8Array, of: string | null): Promise<Expected> {
    const { ask, names } = this.#options;
    return await ask(async ({ client }) => {
      if (of !== null) {
        this.#say(client, { subject: names.ofNode(of, "in"), reply: names.ofNode(this.node, `gone.${of}`), bytes });
        return { count: Infinity, nodes: [of] };
      }
      await this.#roster.met;
      this.#say(client, { subject: names.ofBus(), bytes });
      // Whoever said before this that it is there has been heard by then.
      await client.connection.flush();
      const nodes = this.#roster.speaking;
      // Whoever does not hear this has not heard the question.
      for (const node of nodes) this.#ping(client, node);
      return { count: Infinity, nodes };
    });
  }

  #ping(client: NatsClient, node: string): void {
    const { names } = this.#options;
    const [subject, reply] = [names.ofNode(node, "in"), names.ofNode(this.node, `gone.${node}`)];
    this.#say(client, { subject, reply, bytes: encodeWord({ kind: "ping", node: this.node }) });
  }

  #sayAll(word: BusWord): void {
    if (this.#client !== null) this.#tell(this.#client, this.#options.names.ofBus(), encodeWord(word));
  }

  /** For what need not arrive. */
  #tell(client: NatsClient, subject: string, bytes: Uint8Array): void {
    try {
      this.#say(client, { subject, bytes });
    } catch {
      // The connection has ended for good: there is nobody to tell.
    }
  }

  #say(
    { connection }: NatsClient,
    { subject, bytes, reply }: { readonly subject: string; readonly bytes: Uint8Array; readonly reply?: string },
  ): void {
    const most = (connection.info?.max_payload ?? 0) - overhead;
    this.#said += 1;
    for (const part of partsOf(bytes, most, { node: this.node, n: this.#said })) {
      connection.publish(subject, part, reply === undefined ? {} : { reply });
    }
  }

  #hear({ subject, data, headers }: NatsMessage): void {
    const gone = subject.startsWith(this.#options.names.ofNode(this.node, "gone."));
    if (gone && headers?.code === nobodyListens) return this.#questions.gone(subject.split(".").at(-1) ?? "");
    if (gone || !isWord(data)) return this.#hearSaid(data);
    const word = wordIn(data);
    if (word === null) return this.#refuse();
    if (word.node === this.node) return;
    if (word.kind === "part") {
      const whole = this.#parts.add(word);
      if (whole !== null) this.#hearSaid(whole);
    } else this.#hearWord(word);
  }

  #hearSaid(bytes: Uint8Array): void {
    const { names } = this.#options;
    this.#questions.hear(bytes, (node, answer) => {
      if (this.#client !== null) this.#tell(this.#client, names.ofNode(node, "in"), answer);
    });
  }

  #hearWord(word: Exclude<BusWord, { kind: "part" }>): void {
    const { node } = word;
    if (word.kind === "end") {
      this.#roster.left(node);
      return this.#bury(node);
    }
    if (!this.#roster.heard(node)) return this.#refuse();
    if ("counts" in word) this.members.stands(node, word.counts);
    if (word.kind === "hello" && this.#client !== null) {
      const known = this.#roster.speaking;
      const { names } = this.#options;
      const here = encodeWord({ kind: "here", node: this.node, counts: this.members.counts, known });
      this.#tell(this.#client, names.ofNode(node, "in"), here);
    } else if (word.kind === "here") this.#roster.introduced(node, word.known);
  }

  #bury(node: string): void {
    this.#questions.gone(node);
    this.members.bury(node);
  }

  #refuse(): void {
    this.#options.complain("NATS carried what no node has said", { node: this.node });
  }

  #turnLater(): void {
    const { clock } = this.#options;
    this.#cancelTurn();
    this.#cancelTurn = clock.after(turnMs, () => {
      // Behind what came meanwhile: when this process was stopped for a while, nobody was silent.
      clock.defer(() => {
        if (!this.#isUp) return;
        for (const node of this.#roster.turn()) this.#bury(node);
        this.#sayAll({ kind: "beat", node: this.node, counts: this.members.counts });
        this.#turnLater();
      });
    });
  }
}
