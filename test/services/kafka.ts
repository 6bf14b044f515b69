// Kafka for tests: one broker that is its own controller, on free ports and in a folder of its own, ended by its id.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Admin, Producer } from "@platformatic/kafka";
import { type TestContext, vi } from "vitest";
import { freePort } from "../killable-node.ts";
import { ended } from "./program.ts";

/** Where its jars are, or `undefined` where the tests have to do without. */
const kafkaPath: string | undefined = process.env["TIDEWIRE_KAFKA"];

const withoutKafka = "no Kafka: TIDEWIRE_KAFKA is not set; TIDEWIRE_REQUIRE=kafka npm test fetches one with mvn";

// Made for a short life: the least of compiling and of memory.
const javaOptions = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
const cluster = "AAAAAAAAAAAAAAAAAAAAAA";

/** One broker over its lives: it can be killed and started again on the same ports and folder. */
export class KafkaServer {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "tidewire-kafka-"));
  readonly port: number;
  #child: ChildProcess | null = null;

  private constructor(port: number, controllerPort: number) {
    this.port = port;
    const settings = {
      "process.roles": "broker,controller",
      "node.id": "1",
      "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
      "controller.listener.names": "CONTROLLER",
      "inter.broker.listener.name": "PLAINTEXT",
      "log.dirs": path.join(this.folder, "data"),
      "offsets.topic.replication.factor": "1",
      "offsets.topic.num.partitions": "1",
      "transaction.state.log.replication.factor": "1",
      "transaction.state.log.min.isr": "1",
      "group.initial.rebalance.delay.ms": "0",
      "group.min.session.timeout.ms": "1000",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(this.#config, lines.join(""));
  }

  static async start(): Promise<KafkaServer> {
    const server = new KafkaServer(await freePort(), await freePort());
    execFileSync("java", server.#java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", server.#config), {
      stdio: "pipe",
    });
    await server.start();
    return server;
  }

  /** A broker for one test, gone when it has ended; the test is skipped where there is none. */
  static async forTest(context: TestContext): Promise<KafkaServer> {
    if (kafkaPath === undefined) context.skip(withoutKafka);
    const server = await KafkaServer.start();
    context.onTestFinished(() => server.remove());
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get #config(): string {
    return path.join(this.folder, "server.properties");
  }

  #java(...args: readonly string[]): readonly string[] {
    if (kafkaPath === undefined) throw new Error(withoutKafka);
    return [...javaOptions, "-cp", path.join(kafkaPath, "*"), ...args];
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const child = spawn("java", this.#java("kafka.Kafka", this.#config), { stdio: "ignore", cwd: this.folder });
    this.#child = child;
    await vi.waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`Kafka ended with ${child.exitCode}`);
        await this.asOperator((operator) => operator.listTopics());
      },
      { timeout: 60_000, interval: 100 },
    );
  }

  async topic(name: string, partitions = 1): Promise<void> {
    await this.asOperator((operator) => operator.createTopics({ topics: [name], partitions, replicas: 1 }));
  }

  /** Changes settings of a topic. */
  async configure(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value, configOperation: 0 as const }));
    const resources = [{ resourceType: 2 as const, resourceName: topic, configs }];
    await this.asOperator((operator) => operator.incrementalAlterConfigs({ resources }));
  }

  async asOperator<Result>(act: (operator: Admin) => Promise<Result>): Promise<Result> {
    const operator = new Admin({ clientId: "operator", bootstrapBrokers: [this.address], retries: 0 });
    try {
      return await act(operator);
    } finally {
      await operator.close();
    }
  }

  /** Resolves when the broker has taken them all, each partition's in their order. */
  async produce(
    topic: string,
    records: readonly { readonly key?: string; readonly value: string; readonly partition?: number }[],
  ): Promise<void> {
    const producer = new Producer({ clientId: "tests", bootstrapBrokers: [this.address], retries: 10 });
    const messages = records.map(({ key, value, partition = 0 }) => ({
      topic,
      partition,
      value: Buffer.from(value),
      ...(key !== undefined && { key: Buffer.from(key) }),
    }));
    try {
      await producer.send({ messages, acks: -1 });
    } finally {
      await producer.close();
    }
  }

  /** As a machine that fails: nothing is finished. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await ended(child);
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
