// Runs one case on a connection of its own and judges it.
import { constants, deflateRawSync } from "node:zlib";
import type { Case, Event, Outcome, Rounds, Script, Step } from "./case.ts";
import { Client } from "./client.ts";
import { bytesOf, closeFrame, fragments, frame, op } from "./frames.ts";

export interface Place {
  readonly port: number;
  readonly path: string;
}

const ok: Outcome = { verdict: "ok", why: "" };
const failed = (why: string): Outcome => ({ verdict: "failed", why });

/** @param most Rounds at most, for a short run. */
export async function runCase({ body, isInformational }: Case, place: Place, most: number): Promise<Outcome> {
  const { offer, windowBits } = body.kind === "rounds" ? body : { offer: "", windowBits: 15 };
  const client = await Client.open({ ...place, offer, windowBits });
  try {
    if (body.kind === "rounds") return await runRounds(client, body, most);
    const outcome = await runScript(client, body, place);
    return isInformational === true ? { ...outcome, verdict: "informational" } : outcome;
  } finally {
    client.destroy();
  }
}

async function runScript(client: Client, script: Script, place: Place): Promise<Outcome> {
  for (const step of script.steps) await take(client, step, place);
  const expected = script.events();
  if (script.end.by === "us") {
    await client.until(() => client.events.length >= expected.length || !client.isOpen);
    if (client.isOpen) client.write(bytesOf(closeFrame(1000)));
  }
  // An answer too many is wrong already, and its sender may wait for us.
  const most = Math.max(expected.length, script.alsoRight?.().length ?? 0);
  await client.until(() => client.isGone || client.events.length > most);
  const wrong = client.isGone ? wrongEnd(client, script.end) : "";
  if (wrong !== "") return failed(wrong);
  if (equal(client.events, expected)) return ok;
  const why = `expected ${told(expected)}, got ${told(client.events)}`;
  const isRight = script.alsoRight !== undefined && equal(client.events, script.alsoRight());
  return { verdict: isRight ? "non-strict" : "failed", why };
}

async function take(client: Client, step: Step, place: Place): Promise<void> {
  switch (step.kind) {
    case "send":
      return await client.send(step.frames(), step.chops);
    case "bytes":
      return client.write(step.bytes());
    case "await":
      return await client.until(() => client.events.length >= step.events || !client.isOpen);
    case "settle":
      await settle(place);
      if (step.mark !== undefined && client.isOpen) client.events.push({ kind: "mark", mark: step.mark });
  }
}

/** Two questions and answers on another connection: by then the server has read what came before them. */
async function settle(place: Place): Promise<void> {
  const other = await Client.open({ ...place, offer: "", windowBits: 15 });
  for (const count of [1, 2]) {
    other.write(bytesOf(frame(op.ping)));
    await other.until(() => other.events.length === count);
  }
  other.destroy();
}

function wrongEnd({ closing, wrong }: Client, { codes, mayDrop }: Omit<Script["end"], "by">): string {
  if (wrong !== "") return wrong;
  if (closing === undefined) return mayDrop ? "" : "expected a close frame, got the end of the connection";
  return closing === null || codes.includes(closing)
    ? ""
    : `expected to be closed with ${codes.join(" or ")}, got ${closing}`;
}

async function runRounds(client: Client, body: Rounds, most: number): Promise<Outcome> {
  const { offer, count, payload, form } = body;
  if (offer !== "" && client.extension === "") {
    return { verdict: "unimplemented", why: `the offer "${offer}" was declined` };
  }
  for (let round = 0; round < Math.min(count, most); round += 1) {
    const sent = payload(round);
    client.events.length = 0;
    await client.send(framesOf(body, sent), "whole");
    await client.until(() => client.events.length > 0 || !client.isOpen);
    if (!equal(client.events, [{ kind: "message", form, payload: sent }])) {
      return failed(client.wrong || `expected message ${round} back, got ${told(client.events)}`);
    }
  }
  client.write(bytesOf(closeFrame(1000)));
  await client.until(() => client.isGone);
  const wrong = wrongEnd(client, { codes: [1000], mayDrop: false });
  return wrong === "" ? ok : failed(wrong);
}

function framesOf({ form, offer, fragmentBytes }: Rounds, payload: Buffer): ReturnType<typeof fragments> {
  const bytes = offer === "" ? payload : deflated(payload);
  return fragments(op[form], bytes, {
    bytes: fragmentBytes === 0 ? Number.MAX_SAFE_INTEGER : fragmentBytes,
    reserved: offer === "" ? 0 : 4,
  });
}

/** RFC 7692 §7.2.1. */
function deflated(payload: Buffer): Buffer {
  return deflateRawSync(payload, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function equal(one: readonly Event[], other: readonly Event[]): boolean {
  return one.length === other.length && one.every((event, index) => same(event, other[index]));
}

function same(one: Event, other: Event | undefined): boolean {
  if (one.kind === "mark") return other?.kind === "mark" && one.mark === other.mark;
  if (other === undefined || other.kind !== one.kind || !one.payload.equals(other.payload)) return false;
  return one.kind !== "message" || (other.kind === "message" && one.form === other.form);
}

function told(events: readonly Event[]): string {
  if (events.length === 0) return "nothing";
  return events
    .map((event) => {
      if (event.kind === "mark") return `open at ${event.mark}`;
      const what = event.kind === "pong" ? "a pong" : `a ${event.form} message`;
      return `${what} of ${event.payload.length} bytes`;
    })
    .join(", ");
}
