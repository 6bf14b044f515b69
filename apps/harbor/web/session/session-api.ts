// Asks the server who we are, comes in and leaves.
import { type SessionReply, sessionReply } from "../../contract/session.ts";
import { forSeat } from "./seat.ts";

/** A refusal or a failure, in words for people. */
class SessionError extends Error {
  override readonly name = "SessionError";
}

export async function fetchSession(): Promise<SessionReply> {
  return await ask({ method: "GET" });
}

export async function enter(name: string): Promise<SessionReply> {
  return await ask({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) });
}

export async function leave(): Promise<SessionReply> {
  return await ask({ method: "DELETE" });
}

async function ask(init: RequestInit): Promise<SessionReply> {
  const response = await fetch(forSeat("/session"), { ...init, credentials: "same-origin" }).catch(() => {
    throw new SessionError("The server does not answer. Try again in a moment.");
  });
  if (!response.ok) throw new SessionError((await response.text()).trim() || `The server said ${response.status}.`);
  return sessionReply.parse(await response.json());
}
