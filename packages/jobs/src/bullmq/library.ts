// The parts of BullMQ and of a Redis client that the store needs, as shapes: an application passes the ones it has.

/** What a job is added to its queue with. */
export interface BullJobOptions {
  readonly jobId: string;
  readonly priority: number;
  readonly delay: number;
  readonly attempts: number;
  readonly deduplication?: { id: string; ttl?: number };
}

/** A job of BullMQ, as far as the store asks of it. */
export interface BullJob {
  id?: string | undefined;
  moveToCompleted(value: unknown, token: string, fetchNext: boolean): Promise<unknown>;
  moveToFailed(error: Error, token: string, fetchNext: boolean): Promise<unknown>;
  moveToDelayed(timestamp: number, token: string): Promise<void>;
  moveToWait(token: string): Promise<unknown>;
  retry(state: "failed"): Promise<void>;
}

interface Closing {
  close(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A queue of BullMQ, as far as the store asks of it. */
export interface BullQueue extends Closing {
  waitUntilReady(): Promise<unknown>;
  addBulk(jobs: { name: string; data: unknown; opts: BullJobOptions }[]): Promise<{ id?: string | undefined }[]>;
  getJob(id: string): Promise<BullJob | undefined>;
  clean(graceMs: number, limit: number, type: "completed" | "failed"): Promise<string[]>;
}

/** A command of BullMQ, as it gives it to its clients. */
export interface BullCommand {
  readonly numberOfKeys: number;
  readonly lua: string;
}

/** What BullMQ makes of a client. */
export interface BullConnection {
  on(event: "error", listener: (error: Error) => void): unknown;
  defineCommand(name: string, command: BullCommand): void;
}

interface QueueOptions<Connection> {
  readonly connection: Connection;
  readonly prefix: string;
  /** Whether it writes nothing down of itself. */
  readonly skipMetasUpdate?: boolean;
}

/** BullMQ 6, as `import * as library from "bullmq"` gives it. */
export interface BullLibrary<Client, Connection extends BullConnection> {
  readonly Queue: new (name: string, options: QueueOptions<Connection>) => BullQueue;
  createNodeRedisClient(client: Client): Connection;
}

/** A client of `@redis/client`, which serves as a template: it is never connected itself. */
export interface StoreClient<Client> {
  readonly isReady: boolean;
  duplicate(): Client;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  sendCommand(args: readonly string[]): Promise<unknown>;
}
