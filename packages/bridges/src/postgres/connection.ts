// One connection to PostgreSQL, of which every answer has a deadline: a half-open one must not hold a relay.
import { type Clock, within } from "../ports/clock.ts";

/** A row as the client gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** The part of a client of `pg` 8 that is needed: one that was not connected yet. */
export interface PostgresClient {
  connect(): Promise<unknown>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  on(event: "notification", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}

// PostgreSQL itself gives a statement up before (`statementMs`), so that nothing goes on that nobody waits for.
const answerMs = 15_000;
/** How long one statement of a batch may take. */
export const statementMs = 10_000;

export class PostgresConnection {
  readonly #client: PostgresClient;
  readonly #clock: Clock;

  private constructor(client: PostgresClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @param told Of each notification, and when the connection breaks. */
  static async open(client: PostgresClient, clock: Clock, told: () => void): Promise<PostgresConnection> {
    client.on("notification", told);
    // Without a listener it would end the process. The next statement says what is wrong.
    client.on("error", told);
    const connection = new PostgresConnection(client, clock);
    try {
      await within(client.connect(), answerMs, clock);
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
    return connection;
  }

  async ask(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { rows } = await within(this.#client.query(text, values), answerMs, this.#clock);
    return rows;
  }

  /** Returns at once: on a line that is dead, nobody would answer. */
  close(): void {
    this.#client.end().catch(() => undefined);
  }
}
