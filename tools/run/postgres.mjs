// PostgreSQL for the tests. Debian keeps its servers off the path, in a folder for each version.
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { debianServer } from "./debian-server.mjs";
import { isProgram } from "./workspace.mjs";

const versions = "/usr/lib/postgresql";

const server = debianServer({
  name: "postgres",
  variable: "TIDEWIRE_POSTGRES",
  program: "postgres",
  // Debian 12's.
  debian: "postgresql-15",
  folder: "usr/lib/postgresql/15/bin",
});

function ofMachine() {
  const found = existsSync(versions) ? readdirSync(versions) : [];
  const programs = found.map((version) => path.join(versions, version, "bin", "postgres"));
  const program = programs.sort().reverse().find(isProgram);
  return program === undefined ? null : { path: program, how: "of this machine" };
}

/** @type {import("./services.mjs").Service} */
export const postgres = {
  ...server,
  find: () => server.find() ?? ofMachine(),
  async fetch() {
    const found = await server.fetch();
    // What makes a folder of data is a program of its own, which tests look for beside the server.
    const beside = path.join(path.dirname(found.path), "initdb");
    writeFileSync(beside, readFileSync(found.path, "utf8").replace('/bin/postgres"', '/bin/initdb"'));
    chmodSync(beside, 0o755);
    return found;
  },
};
