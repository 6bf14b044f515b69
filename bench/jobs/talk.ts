// What the bench of jobs asks of its two processes, and the job that all contestants do.

export const contestantNames = ["bullmq", "tidewire on bullmq", "tidewire embedded", "tidewire on rabbitmq"] as const;
export type ContestantName = (typeof contestantNames)[number];

export interface Site {
  readonly contestant: ContestantName;
  /** Of Redis or RabbitMQ. */
  readonly url: string;
  /** The database file of what has one. */
  readonly path: string;
}

/** The application: it orders, and what becomes of jobs is told to it. */
export type AppTalk = {
  /** @returns The port of its server, where it has one. */
  readonly open: { readonly ask: Site; readonly answer: number };
  /** So many orders, so many of them at once. */
  readonly order: { readonly ask: { readonly jobs: number; readonly atOnce: number }; readonly answer: null };
  /** Answered when so many ends were told. */
  readonly hear: { readonly ask: { readonly jobs: number }; readonly answer: null };
  /** How much progress was told. */
  readonly progress: { readonly ask: null; readonly answer: number };
  readonly cpu: { readonly ask: null; readonly answer: number };
};

export type WorkerTalk = {
  readonly open: {
    readonly ask: Site & { readonly port: number; readonly concurrency: number; readonly ahead: number };
    readonly answer: null;
  };
  /** Answered when so many are done. */
  readonly work: { readonly ask: { readonly jobs: number }; readonly answer: null };
  readonly cpu: { readonly ask: null; readonly answer: number };
};

export const queueName = "report";
export const apiKey = "bench-0123456789abcdef";

/** About a hundred bytes. */
export const inputOf = (n: number): { n: number; text: string } => ({ n, text: "x".repeat(80) });
export const halves: readonly { percent: number }[] = [{ percent: 50 }, { percent: 100 }];
export const outputOf = (n: number): { n: number; words: number } => ({ n, words: 250 });

/** Seconds of a processor that this process has had. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
