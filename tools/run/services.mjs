// What tests need from the machine: looked for in order, what was chosen is said, and what is missing has a reason.
import { caddy } from "./caddy.mjs";
import { capture } from "./children.mjs";
import { chromium } from "./chromium.mjs";
import { kafka } from "./kafka.mjs";
import { nats } from "./nats.mjs";
import { nginx } from "./nginx.mjs";
import { say, secondsSince } from "./progress.mjs";
import { haproxy } from "./haproxy.mjs";
import { oldestNode } from "./oldest-node.mjs";
import { postgres } from "./postgres.mjs";
import { prometheus } from "./prometheus.mjs";
import { rabbitmq } from "./rabbitmq.mjs";
import { redis, valkey } from "./redis.mjs";
import { xvfb } from "./xvfb.mjs";

/**
 * @typedef {{ path: string, how: string }} Found
 *
 * @typedef {object} Service
 * @property {string} name as in TIDEWIRE_REQUIRE
 * @property {string} variable the environment variable that tests read; the user's own setting is looked at first
 * @property {string} command what a user types to get it
 * @property {() => Found | null} find a variable, the path, a copy fetched before
 * @property {() => Promise<Found>} fetch a private copy; the machine stays as it is
 *
 * @typedef {object} Services
 * @property {Record<string, string>} env variables for the tests
 * @property {string[]} missing skipped, each with its reason
 * @property {string[]} failed required and not to be had, each with its reason
 */

/** @type {readonly Service[]} */
const services = [
  chromium,
  xvfb,
  haproxy,
  nginx,
  caddy,
  prometheus,
  redis,
  valkey,
  nats,
  postgres,
  kafka,
  rabbitmq,
  oldestNode,
];

/** Tests that need these look for them themselves, and fail where one is named and missing. */
const toolchains = ["python", "go", "java", "rust"];

/** What a test makes when it is asked for. */
const madeByTests = ["site"];

export const required = () =>
  (process.env["TIDEWIRE_REQUIRE"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);

/** Only in CI and as root: there the machine is ours to change. @param {Service} service */
async function installOnMachine(service) {
  if (!process.env["CI"] || process.getuid?.() !== 0) return null;
  const [program = "", ...args] = service.command.split(" ");
  await capture("apt-get", ["-qq", "update"]);
  const result = await capture(program, args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return result.code === 0 ? service.find() : null;
}

/** @param {Service} service @returns {Promise<Found>} */
async function obtain(service) {
  const startedMs = performance.now();
  say(`  fetching ${service.name} ...`);
  try {
    const found = await service.fetch();
    return { ...found, how: `${found.how}, ${secondsSince(startedMs)}` };
  } catch (error) {
    const installed = await installOnMachine(service);
    if (installed) return installed;
    throw error;
  }
}

/** @param {Service} service @param {boolean} isRequired */
async function choose(service, isRequired) {
  try {
    return service.find() ?? (isRequired ? await obtain(service) : null);
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

/** Finds every service, fetching the required ones, and says what was chosen. @returns {Promise<Services>} */
export async function findServices() {
  const wanted = required();
  const known = [...services.map((service) => service.name), ...toolchains, ...madeByTests];
  const unknown = wanted.filter((name) => !known.includes(name));
  /** @type {Services} */
  const result = {
    env: {},
    missing: [],
    failed: unknown.map((name) => `${name}: no such service in TIDEWIRE_REQUIRE`),
  };
  for (const service of services) {
    const isRequired = wanted.includes(service.name);
    const found = await choose(service, isRequired);
    if (found !== null && typeof found === "object") {
      result.env[service.variable] = found.path;
      say(`  ${service.name}: ${found.path} (${found.how})`);
      continue;
    }
    const reason = `${service.name}: ${found ?? `not found; set ${service.variable}, or: ${service.command}`}`;
    (isRequired || found !== null ? result.failed : result.missing).push(reason);
    say(`  ${reason}`);
  }
  return result;
}
