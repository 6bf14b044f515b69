// Hands one mail to a mail server, and knows afterwards whether it may have been taken.
import { Readable } from "node:stream";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection, { type SMTPEnvelope } from "nodemailer/lib/smtp-connection";
import { NotSent } from "./sender.ts";

/** Together less than an attempt of a job has, so that what went wrong is known before it is over. */
const limits = { connectionTimeout: 10_000, greetingTimeout: 10_000, dnsTimeout: 10_000, socketTimeout: 20_000 };

export interface Delivery {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  readonly smtpUrl: string;
  readonly envelope: SMTPEnvelope;
  readonly bytes: Buffer;
}

/**
 * Resolves when the server has taken it.
 * @throws {NotSent} when it has certainly not; anything else is thrown when the connection ended after the mail was on its way
 * and before there was an answer.
 */
export async function deliver({ smtpUrl, envelope, bytes }: Delivery): Promise<void> {
  const { auth, ...options } = parseConnectionUrl(smtpUrl);
  const connection = new SMTPConnection({ ...options, ...limits });
  let isOnItsWay = false;
  // The connection reads it when the server has asked for it, and not before (RFC 5321 §4.1.1.4).
  const message = new Readable({
    highWaterMark: 0,
    read() {
      isOnItsWay = true;
      this.push(bytes);
      this.push(null);
    },
  });
  const broken = new Promise<never>((_resolve, reject) => connection.once("error", reject));
  const exchange = async (): Promise<void> => {
    await answered((done) => connection.connect((error) => done(error ?? null)));
    if (auth !== undefined && connection.allowsAuth) await answered((done) => connection.login(auth, done));
    await answered((done) => connection.send(envelope, message, done));
  };
  try {
    await Promise.race([exchange(), broken]);
  } catch (thrown) {
    throw notSent(thrown, isOnItsWay) ?? thrown;
  } finally {
    connection.close();
  }
}

function answered(ask: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    ask((error) => (error === null ? resolve() : reject(error)));
  });
}

/** `null` when nobody knows. */
function notSent(thrown: unknown, isOnItsWay: boolean): NotSent | null {
  const { code, responseCode } = Object(thrown) as { readonly code?: unknown; readonly responseCode?: unknown };
  const isAnswer = typeof responseCode === "number";
  if (isOnItsWay && !isAnswer) return null;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  // RFC 5321 §4.2.1: 5yz is for good, where it is this mail that is refused and not our password.
  return new NotSent(reason, { isForGood: isAnswer && responseCode >= 500 && code !== "EAUTH" });
}
