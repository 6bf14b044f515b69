// A mail server for tests: a real one, that takes mail, refuses it, or ends the connection in between.
import { once } from "node:events";
import type { Socket } from "node:net";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  readonly to: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** What becomes of a mail: `take`, a reply's code, or the connection is cut before there is one. */
export type Answer = "take" | "cut" | number;

export interface MailServer {
  readonly url: string;
  /** Every mail that came in whole, whatever was answered. */
  readonly received: readonly ReceivedMail[];
  /** Asked for each, which waits for it; default: `take`. */
  answer: (mail: ReceivedMail) => Answer | Promise<Answer>;
  stop(): Promise<void>;
}

interface MailServerOptions {
  /** Whoever comes with a password is told that it is wrong. */
  readonly refusesLogin?: boolean;
}

export async function startMailServer({ refusesLogin = false }: MailServerOptions = {}): Promise<MailServer> {
  const sockets = new Set<Socket>();
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: refusesLogin ? ["STARTTLS"] : ["AUTH", "STARTTLS"],
    onAuth: (_auth, _session, done) => done(new Error("the password is wrong")),
    onData(stream, session, done) {
      let raw = "";
      stream.setEncoding("utf8").on("data", (part: string) => (raw += part));
      stream.once("end", () => {
        const mail = { to: session.envelope.rcptTo.map(({ address }) => address), ...partsOf(raw) };
        received.push(mail);
        const answered = (answer: Answer): void => {
          if (answer === "cut") for (const socket of sockets) socket.destroy();
          else done(answer === "take" ? null : Object.assign(new Error("not this one"), { responseCode: answer }));
        };
        Promise.resolve(mailServer.answer(mail)).then(answered, done);
      });
    },
  });
  // A client that is cut off, or killed, is what these tests are about.
  server.on("error", () => undefined);
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address();
  if (typeof address !== "object" || address === null) throw new Error("a port was expected");
  const mailServer: MailServer = {
    url: `smtp://127.0.0.1:${address.port}`,
    received,
    answer: () => "take",
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return mailServer;
}

/** Of a mail of one part. RFC 5322 §2.2.3: a line that begins with a space goes on with the one before. */
function partsOf(raw: string): Pick<ReceivedMail, "headers" | "text"> {
  const end = raw.indexOf("\r\n\r\n");
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
  const body = raw.slice(end + 4);
  const isQuoted = headers.get("Content-Transfer-Encoding") === "quoted-printable";
  return { headers, text: (isQuoted ? unquoted(body) : body).replaceAll("\r\n", "\n").trimEnd() };
}

/** RFC 2045 §6.7, of UTF-8. */
function unquoted(body: string): string {
  const octets = body.replaceAll("=\r\n", "").replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(octets, "latin1").toString("utf8");
}
