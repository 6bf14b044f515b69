// Puts Harbor together: database, Tidewire, HTTP server, page; and takes it apart in the other order.
import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import path from "node:path";
import { type JobDesk, jobDesk } from "@tidewire/jobs";
import { jobChannel } from "@tidewire/protocol";
import { createTidewire, every, type Log, type Source, type Tidewire } from "@tidewire/server";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import {
  developmentOptions,
  keptSecret,
  limitedServer,
  listen,
  lobby,
  makeApiKey,
  open,
  sharedEngine,
  usualNodeName,
} from "tidewire/host";
import { analytics } from "../contract/analytics.ts";
import { chat, typing } from "../contract/chat.ts";
import { companies } from "../contract/companies.ts";
import { feedIntervalMs, numbers } from "../contract/feed.ts";
import { judgeNews } from "../contract/judge.ts";
import { labNumbers, lineLog } from "../contract/lab.ts";
import { mailbox } from "../contract/mailbox.ts";
import { market, type Quote } from "../contract/market.ts";
import { here } from "../contract/mention.ts";
import { activity, rooms } from "../contract/rooms.ts";
import { accessRules } from "./access-rules.ts";
import { serveAnalytics } from "./analytics/analytics.ts";
import { type Chat, openChat } from "./chat/open-chat.ts";
import type { Config } from "./config.ts";
import { openDatabase } from "./data/open-database.ts";
import { splitEngine } from "./data/split-engine.ts";
import { answerText } from "./http/answer.ts";
import { readBuiltPage } from "./http/built-page.ts";
import { startDevPage } from "./http/dev-page.ts";
import { createNodesPage, type NodesPage } from "./http/nodes-page.ts";
import { setSecurityHeaders } from "./http/security-headers.ts";
import { answerSession, type SessionRoutes } from "./http/session-routes.ts";
import { createTurnstile } from "./http/turnstile.ts";
import { harborJobs } from "./jobs/harbor-jobs.ts";
import { withJobRules } from "./jobs/job-rules.ts";
import { openJobs } from "./jobs/job-store.ts";
import { createJudge } from "./judge/judge.ts";
import { createLab } from "./lab/lab.ts";
import { handleMailbox } from "./mailbox/calls.ts";
import { quotes } from "./market/quotes.ts";
import { createWalk } from "./market/random-walk.ts";
import { ownUrl } from "./own-url.ts";
import { createSessions } from "./session/sessions.ts";

const folder = path.join(import.meta.dirname, "..");
const quickDrainMs = 250;
const sweepMs = 2_000;

export interface Harbor {
  readonly port: number;
  readonly apiKey: string;
  /** Sends everybody away in good order, then closes what is open. */
  stop(): Promise<void>;
}

export interface HarborParts {
  /** What the market trades. Default: every company, by chance. */
  readonly quotes?: Source<Quote>;
}

export async function startHarbor(config: Config, log: Log, parts: HarborParts = {}): Promise<Harbor> {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const inData = (name: string): string => path.join(config.dataFolder, name);
  const apiKey = config.apiKey ?? keptSecret(inData("api-key"), makeApiKey);
  const secret = Buffer.from(config.sessionSecret ?? keptSecret(inData("session-secret")));
  const jobs = await openJobs({ kept: config.jobs, dataFolder: config.dataFolder, of: "server", log });
  const db = await openDatabase(inData("harbor.db"));
  const sessions = createSessions(db, secret);

  const isDevelopment = config.mode === "development";
  const lab = createLab({ isDevelopment, isSupervised: config.isSupervised, db, sessions, log });

  const rules = withJobRules(lab.withRules(accessRules(db, sessions, config.mode)), jobs);
  const tide = createTide({ config, log, apiKey, rules, desk: jobDesk({ jobs, definitions: harborJobs }) });
  tide.source(market, parts.quotes ?? quotes(createWalk(Object.keys(companies), Math.random), () => performance.now()));
  const counts = await serveAnalytics({ tide, db, jobs, dataFolder: config.dataFolder, isDevelopment, log });
  const talk = openChat(tide, { config, db, jobs, log, moved: counts.moved });
  handleMailbox(tide, db, () => config.mail.kind === "mailbox");
  const judge = createJudge(tide, { db, jobs, log });

  const server = limitedServer();
  const nodes = nodesPageOf(config, async () => await infoOf(ownUrl(config.hosts[0] ?? "localhost", port), apiKey));
  const page = await openPage(config, server);
  const routes = { db, sessions, mode: config.mode, turnstile: createTurnstile() };
  server.on("request", answerer({ tide, page, nodes, routes }));
  tide.attach(server);
  let port = 0;
  lab.attach(tide, server, () => ({ host: config.hosts[0] ?? "localhost", port }));
  await tide.start();
  // Before anybody can say something new: what an earlier process kept comes first.
  await talk.recover();
  judge.start();
  const listening = await listen(server, config.hosts, config.port);
  ({ port } = listening);
  const sweep = config.node === null ? null : sweepAfterOthers(talk, log);

  return {
    port: listening.port,
    apiKey,
    async stop() {
      listening.close();
      nodes?.stop();
      clearInterval(sweep ?? undefined);
      await lab.stop();
      await judge.stop();
      await talk.stop();
      await tide.stop(isDevelopment ? { drainMs: quickDrainMs } : {});
      await page.close();
      server.closeAllConnections();
      await counts.stop();
      await jobs.store.close();
      await db.destroy();
    },
  };
}

/** Of one of several nodes on one's own machine. */
function nodesPageOf({ mode, node }: Config, info: () => Promise<unknown>): NodesPage | null {
  return mode === "development" && node !== null ? createNodesPage({ here: node, info }) : null;
}

/** What a node kept that was killed before it published, the others publish. */
function sweepAfterOthers(talk: Chat, log: Log): NodeJS.Timeout {
  return setInterval(() => {
    talk.recover(sweepMs).catch((thrown: unknown) => log.warn("the sweep waits", { reason: String(thrown) }));
  }, sweepMs);
}

/** What the server API says of all nodes. */
async function infoOf(url: string, apiKey: string): Promise<unknown> {
  const headers = { "X-API-Key": apiKey, "Content-Type": "application/json" };
  const response = await fetch(`${url}/api/info`, { method: "POST", headers, body: "{}" });
  return await response.json();
}

interface TideParts {
  readonly config: Config;
  readonly log: Log;
  readonly apiKey: string;
  readonly rules: ReturnType<typeof accessRules>;
  readonly desk: JobDesk;
}

function createTide({ config, log, apiKey, rules, desk }: TideParts): Tidewire {
  const isDevelopment = config.mode === "development";
  const tide = createTidewire({
    channels: [
      chat,
      typing,
      rooms,
      activity,
      numbers,
      market,
      labNumbers,
      lineLog,
      judgeNews,
      lobby,
      open,
      here,
      mailbox,
      jobChannel,
      analytics,
    ],
    access: rules,
    jobs: desk,
    mode: config.mode,
    apiKey,
    log,
    engine: engineFor(config, log),
    ...nameOf(config),
    ...(config.origins.length > 0 ? { origins: config.origins } : {}),
    ...(config.trustProxy.length > 0 ? { trustProxy: config.trustProxy } : {}),
    ...(isDevelopment ? developmentOptions : {}),
  });
  tide.source(
    numbers,
    every(feedIntervalMs, () => randomInt(1, 11)),
  );
  return tide;
}

/** Nodes that share an engine are told apart in `/metrics`. */
function nameOf({ node, engine, port }: Config): { readonly nodeName?: string } {
  const nodeName = node ?? (["sqlite", "memory"].includes(engine) ? undefined : usualNodeName(port));
  return nodeName === undefined ? {} : { nodeName };
}

/** Messages are worth a disk. Thousands of quotes a second, each good until the next one, are not. */
function engineFor({ engine, dataFolder }: Config, log: Log): ReturnType<typeof memoryEngine> {
  if (engine === "memory") return memoryEngine();
  // Of several nodes one is the source of the market, so its quotes have to reach the others.
  if (engine !== "sqlite") return sharedEngine({ address: engine, log });
  const file = path.join(dataFolder, "tidewire.db");
  return splitEngine({
    lasting: sqliteEngine({ path: file, log }),
    passing: memoryEngine(),
    isPassing: (channel) => [market, analytics].some((made) => made.match(channel) !== null),
  });
}

interface Page {
  readonly isBuilt: boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

async function openPage(config: Config, server: Server): Promise<Page> {
  if (config.isDev) {
    const dev = await startDevPage(path.join(folder, "vite.config.ts"), server);
    return { isBuilt: false, answer: dev.answer, close: dev.close };
  }
  const built = readBuiltPage(path.join(folder, "dist"));
  return {
    isBuilt: true,
    answer:
      built ?? ((_request, response) => answerText(response, 503, "The page was not built. `npm start` builds it.")),
    close: () => Promise.resolve(),
  };
}

interface Answering {
  readonly tide: Tidewire;
  readonly page: Page;
  readonly nodes: NodesPage | null;
  readonly routes: SessionRoutes;
}

function answerer({
  tide,
  page,
  nodes,
  routes,
}: Answering): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    setSecurityHeaders(response, page.isBuilt);
    if (tide.http(request, response)) return;
    if (nodes?.answer(request, response) === true) return;
    if (answerSession(routes, request, response)) return;
    page.answer(request, response);
  };
}
