// Bugs as they are made: each is a small change to one file, and the promise it breaks.

export interface PlantedBug {
  readonly name: string;
  /** The guarantee it breaks. */
  readonly promise: string;
  /** Below packages/. */
  readonly file: string;
  /** Stands there once. */
  readonly find: string;
  readonly replace: string;
  /** A seed that has found it, where it takes many: looked at first. */
  readonly seed?: number;
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "an epoch is ignored in recovery",
    promise: "S5",
    file: "server/src/hub/recovery.ts",
    find: "if (epoch !== head.epoch || isAhead) return beyond(channel, asked, node);",
    replace: "position.epoch = head.epoch;",
  },
  {
    name: "an epoch that is new to a node is not asked for",
    promise: "S6",
    file: "server/src/hub/recovery.ts",
    find: "  const top = await channel.checkTop();",
    replace: "  const top = channel.position;",
  },
  {
    name: "recovery begins one too far",
    promise: "S5",
    file: "server/src/hub/recovery.ts",
    find: "return isSame(asked, id) ? { seq, position, recovered: true } : atStart(channel);",
    replace:
      "return isSame(asked, id) ? { seq: Math.min(seq + 1, channel.tail.head), position, recovered: true } : atStart(channel);",
  },
  {
    name: "a page of history is taken without proof",
    promise: "S5",
    file: "server/src/hub/recovery.ts",
    find: "if (top.epoch !== position.epoch || !continues(page.page, position)) return null;",
    replace: "if (top.epoch !== position.epoch) return null;",
  },
  {
    name: "the last id is not compared",
    seed: 101,
    promise: "S5",
    file: "server/src/hub/recovery.ts",
    find: "return seen.id === null || id === null || seen.id === id;",
    replace: "return seen.id === null || id === null || true;",
  },
  {
    name: "a tail is appended to over a hole",
    seed: 206,
    promise: "S3",
    file: "server/src/hub/contiguity.ts",
    find: 'if (before.offset !== this.#offset) return "wait";',
    replace: "",
  },
  {
    name: "a doubled announcement is appended twice",
    promise: "S4",
    file: "server/src/hub/contiguity.ts",
    find: 'if (offset <= this.#offset) return "drop";',
    replace: 'if (offset < this.#offset) return "drop"; if (offset === this.#offset) return "append";',
  },
  {
    name: "suspicion is not followed up",
    seed: 80,
    promise: "S9",
    file: "server/src/hub/channel.ts",
    find: "this.#isSuspect ||= isBehind;\n    if",
    replace: "if",
  },
  {
    name: "a break is skipped",
    promise: "S3",
    file: "server/src/hub/cursor.ts",
    find: 'return { kind: "gap", from, to: run.at, skipped: null, more: true };',
    replace: 'return from.epoch === "?" ? later : { kind: "frames", frames: [], more: true };',
  },
  {
    name: "a gap is swallowed after history",
    promise: "S3",
    file: "server/src/hub/cursor.ts",
    find: 'return { kind: "gap", from, to: top, skipped: null, more: this.#afterHistory() };',
    replace: 'return from === top ? later : { kind: "frames", frames: [], more: this.#afterHistory() };',
  },
  {
    name: "a cursor skips ahead instead of reading history",
    promise: "S3",
    file: "server/src/hub/cursor.ts",
    find: "      return this.#isBehind ? this.#read() : this.#pullTail(budget);\n",
    replace: "      this.#skipToHead();\n      this.#isBehind = false;\n      return this.#settled(nothing);\n",
  },
  {
    name: "a full connection is not woken",
    promise: "S9",
    file: "server/src/session/session.ts",
    find: "    this.#heartbeat?.left();\n    if (!this.outbox.isEmpty) this.node.hub.delivery.wake(this, true);",
    replace: "    this.#heartbeat?.left();",
  },
  {
    name: "a full connection is written to",
    promise: "slow consumer",
    file: "server/src/session/session.ts",
    find: 'this.#isFull = this.link.write(frames) === "full";',
    replace: 'this.#isFull = this.link.write(frames) === "full" && frames.length > 2;',
  },
  {
    name: "a subscription starts behind its reply",
    promise: "S10",
    file: "server/src/hub/tail.ts",
    find: "return { seq: this.#head, position: this.position };",
    replace: "return { seq: Math.max(0, this.#head - 1), position: this.position };",
  },
  {
    name: "an ack comes before the commit",
    promise: "P3",
    file: "server/src/session/commands/publish.ts",
    find: "context.node.hub.publish(command.channel, body, terms).then(",
    replace:
      'const early = context.node.hub.channel(command.channel)?.position;\n  if (early !== undefined && early.epoch !== "") {\n    context.node.hub.publish(command.channel, body, terms).catch(() => undefined);\n    return context.reply({ kind: "published", id: command.id, result: { position: { epoch: early.epoch, offset: early.offset + 1 }, duplicate: false } });\n  }\n  context.node.hub.publish(command.channel, body, terms).then(',
  },
  {
    name: "the idempotency key is ignored",
    promise: "P4",
    file: "server/src/hub/hub.ts",
    find: "      ...(idempotencyKey !== undefined && { idempotencyKey }),\n",
    replace: "",
  },
  {
    name: "a retry makes a key of its own",
    promise: "P5",
    file: "client/src/requests.ts",
    find: "this.#host.connection.ask({\n      body,",
    replace:
      'this.#host.connection.ask({\n      body: entry.firstSentMs === this.#host.clock.now() ? body : body.replace(/"key":"[^"]*"\\}\\}/, `"key":"${this.#host.clock.now()}"}}`),',
  },
  {
    name: "a refused retry counts as rejected",
    promise: "P3",
    file: "client/src/requests.ts",
    find: 'if (firstSentMs !== null && method === "rpc") this.#fail(entry, error.message);\n        else if',
    replace: "if",
  },
  {
    name: "values of different keys are merged",
    promise: "F4",
    file: "server/src/hub/table.ts",
    find: "if (publication.key !== undefined) this.#slots.put(publication, nowMs);\n    this.#head",
    replace:
      'if (publication.key !== undefined) this.#slots.put({ ...publication, key: publication.key === "b" ? "a" : publication.key }, nowMs);\n    this.#head',
  },
  {
    name: "removals are not told",
    promise: "F4",
    file: "server/src/hub/changes.ts",
    find: "    if (publication === null) continue;\n    if (publication.offset > upTo) break;",
    replace:
      "    if (publication === null || publication.removed === true) continue;\n    if (publication.offset > upTo) break;",
  },
  {
    name: "the floor of a table is ignored",
    seed: 92,
    promise: "F4",
    file: "server/src/hub/table.ts",
    find: "if (offset < this.#slots.floor) return null;",
    replace: "",
  },
  {
    name: "the position moves before the handler",
    promise: "S3",
    file: "client/src/subscription.ts",
    find: "    this.publications.emit(publication);\n    // Only now: had the handler not run, the place would not be behind us.\n    if (this.#position !== seen || publication.position === null) return;",
    replace:
      "    if (publication.position !== null) this.#position = publication.position;\n    this.publications.emit(publication);\n    if (publication.position === null) return;",
  },
  {
    name: "recovered is believed whatever the epoch",
    promise: "S5",
    file: "client/src/subscription.ts",
    find: 'const isRecovered = asked === null ? !this.#wasLive : fields["recovered"] === true && isSamePlace;',
    replace: "const isRecovered = asked === null ? !this.#wasLive : true;",
  },
  {
    name: "the subscribe rule is not asked again",
    promise: "S12",
    file: "server/src/session/channel-access.ts",
    find: "    const terms = await askToSubscribe(context, command, known);\n    return terms && admissionOf(terms);",
    replace: "    return null;",
  },
  {
    name: "presence keeps who has left",
    promise: "R1",
    file: "server/src/hub/subscription.ts",
    find: "if (this.#member !== null) this.#channel.members.dismiss(this.#member);",
    replace: "",
  },
  {
    name: "the end of a page is lost where its cursor moved on",
    promise: "S3",
    file: "server/src/session/outbox.ts",
    find: "for (const frame of pulled.frames) {",
    replace: "for (const frame of pulled.frames.slice(0, 1)) {",
  },
  {
    name: "publications go out before the subscribe reply",
    promise: "S10",
    file: "server/src/session/commands/subscribe.ts",
    find: '  context.reply({ kind: "subscribed", id',
    replace: '  subscription.release();\n  context.reply({ kind: "subscribed", id',
  },
  {
    name: "a late answer is taken for the present one",
    promise: "S3",
    file: "client/src/subscription.ts",
    find: "        if (run === this.#run) this.#subscribed(fields, asked);",
    replace: "        this.#subscribed(fields, asked);",
  },
  {
    name: "an answered subscribe outlives its connection",
    seed: 379,
    promise: "R1",
    file: "server/src/session/commands/subscribe.ts",
    find: "  if (!context.isOpen) subscription.close();",
    replace: "",
  },
  {
    name: "what is taken over goes on beside what takes it over",
    promise: "S4",
    file: "server/src/session/commands/subscribe.ts",
    find: "  present?.close();",
    replace: "",
  },
  {
    name: "a paused cursor forgets its place",
    promise: "pause",
    file: "server/src/hub/cursor.ts",
    find: 'const missed = this.home.mode !== "signal" || this.#state === "held" ? 0 : this.#skipToHead();',
    replace: 'const missed = this.#state === "held" ? 0 : this.#skipToHead();',
  },
  {
    name: "history is read from the wrong end",
    promise: "S3",
    file: "server/src/hub/catch-up.ts",
    find: "page = this.insist(channel, { after: position }, pageLimit)",
    replace: 'page = this.insist(channel, "newest", pageLimit)',
  },
  {
    name: "a page that was asked for elsewhere is shared",
    seed: 61,
    promise: "S3",
    file: "server/src/hub/catch-up.ts",
    find: "const key = `${position.epoch} ${position.offset} ${channel}`;",
    replace: "const key = channel;",
  },
  {
    name: "a second pause is ignored",
    promise: "F1",
    file: "server/src/hub/cursor.ts",
    find: "  pause(): void {\n    this.#isPaused = true;",
    replace:
      "  pause(): void {\n    this.pauses = (this.pauses ?? 0) + 1;\n    if (this.pauses > 1) return;\n    this.#isPaused = true;",
  },
  {
    name: "what was ready is written in a pause",
    promise: "F1",
    file: "server/src/hub/cursor.ts",
    find: '    if (this.#isPaused) {\n      this.#state = "resting";\n      this.#target = null;',
    replace:
      '    if (this.#isPaused && this.#seq >= this.home.tail.head) {\n      this.#state = "resting";\n      this.#target = null;',
  },
  {
    name: "a rate does not hold what is live",
    promise: "F5",
    file: "server/src/hub/cursor.ts",
    find: '    if (this.#pace !== null) return this.#rest(this.#pace);\n    this.#state = "ready";',
    replace: '    this.#state = "ready";',
  },
  {
    name: "a crowd is not counted again",
    seed: 106,
    promise: "R1",
    file: "server/src/hub/members.ts",
    find: "    this.tail.count();\n",
    replace: "",
  },
  {
    name: "the end of a crowd is not told",
    seed: 1205,
    promise: "R1",
    file: "server/src/hub/member-table.ts",
    find: "    this.#slots.put(entryOf(crowdEnd, this.#head, false), 0);\n",
    replace: "",
  },
];
