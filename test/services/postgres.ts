// PostgreSQL for tests: the program that the test run found, started on a free port in a folder of its own, ended by its id.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import type { TestContext } from "vitest";
import { freePort } from "../killable-node.ts";
import { said } from "./program.ts";

/** Where it is, or `undefined` where the tests have to do without. */
const postgresPath: string | undefined = process.env["TIDEWIRE_POSTGRES"];

const withoutPostgres = "no postgres: TIDEWIRE_POSTGRES is not set; TIDEWIRE_REQUIRE=postgres npm test fetches one";

// It refuses to run as root; nobody is nobody on each of our systems.
const nobody = 65_534;
const asNobody = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

/** One server over its lives: it can be killed and started again on the same port and folder. */
export class PostgresServer {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "tidewire-postgres-"));
  readonly port: number;
  #databases = 0;
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<PostgresServer> {
    if (postgresPath === undefined) throw new Error(withoutPostgres);
    const server = new PostgresServer(await freePort());
    if ("uid" in asNobody) chownSync(server.folder, nobody, nobody);
    const initdb = path.join(path.dirname(realpathSync(postgresPath)), "initdb");
    const args = ["-D", path.join(server.folder, "data"), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale"];
    // What it holds survives a process that is killed; a machine that fails is nothing these tests can make.
    execFileSync(initdb, [...args, "--no-sync", "--no-instructions"], { ...asNobody, cwd: "/", stdio: "pipe" });
    await server.start();
    return server;
  }

  /** A server for one test, gone when it has ended; the test is skipped where there is none. */
  static async forTest(context: TestContext): Promise<PostgresServer> {
    if (postgresPath === undefined) context.skip(withoutPostgres);
    const server = await PostgresServer.start();
    context.onTestFinished(() => server.remove());
    return server;
  }

  async start(): Promise<void> {
    if (postgresPath === undefined) throw new Error(withoutPostgres);
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB"];
    const args = ["-D", path.join(this.folder, "data"), "-p", String(this.port)];
    const child = spawn(postgresPath, [...args, ...settings.flatMap((setting) => ["-c", setting])], {
      ...asNobody,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    await said(child, "database system is ready to accept connections");
  }

  /** A new database, by its address. */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `d${this.#databases}`;
    const operator = new Client({ connectionString: this.#urlOf("postgres") });
    await operator.connect();
    await operator.query(`CREATE DATABASE ${name}`);
    await operator.end();
    return this.#urlOf(name);
  }

  #urlOf(database: string): string {
    return `postgres://tests@127.0.0.1:${this.port}/${database}`;
  }

  /** As a machine that fails: nothing is finished. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    // Its own children hold its output; while one of them is there, the next life cannot begin.
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
