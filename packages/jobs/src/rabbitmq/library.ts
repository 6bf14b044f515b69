// The parts of amqplib that jobs need, as shapes: an application passes the connections it makes.

/** What arrives from a queue, or comes back from RabbitMQ. */
export interface RabbitDelivery {
  readonly content: Uint8Array;
  readonly fields: object;
  readonly properties: { readonly correlationId?: unknown; readonly messageId?: unknown; readonly replyTo?: unknown };
}

/** What something is published with. */
export interface RabbitPublishOptions {
  readonly contentType: string;
  readonly persistent: boolean;
  readonly mandatory: boolean;
  readonly correlationId?: string;
  readonly messageId?: string;
  readonly replyTo?: string;
  /** Milliseconds, as text. */
  readonly expiration?: string;
  readonly headers?: Record<string, string>;
}

/** A channel of amqplib with confirms, as far as jobs ask of it. */
export interface RabbitChannel {
  prefetch(count: number): Promise<unknown>;
  assertQueue(
    queue: string,
    options: { durable: boolean; exclusive: boolean; arguments: Record<string, string | number> },
  ): Promise<{ queue: string }>;
  consume(
    queue: string,
    listener: (delivery: RabbitDelivery | null) => void,
    options: { noAck: boolean },
  ): Promise<{ consumerTag: string }>;
  cancel(consumerTag: string): Promise<unknown>;
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: RabbitPublishOptions,
    confirmed: (error: unknown) => void,
  ): boolean;
  ack(delivery: RabbitDelivery): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  on(event: "return", listener: (delivery: RabbitDelivery) => void): unknown;
}

/** A connection of amqplib 2, as far as jobs ask of it. */
export interface RabbitConnection {
  createConfirmChannel(): Promise<RabbitChannel>;
  close(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: (error?: Error) => void): unknown;
  on(event: "blocked", listener: (reason: string) => void): unknown;
  on(event: "unblocked", listener: () => void): unknown;
}
