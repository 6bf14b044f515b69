// What is read from the environment, and what is refused.
import { SettingsError } from "tidewire/host";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";

describe("the configuration", () => {
  it("is for one's own machine when nothing is said", () => {
    const expected = { port: 8_080, hosts: ["127.0.0.1", "::1"], mode: "development", engine: "sqlite", isDev: false };
    expect(parseConfig({}, [])).toMatchObject(expected);
    expect(parseConfig({}, ["--dev"]).isDev).toBe(true);
  });

  it("is production by name, and on any address that others can reach", () => {
    expect(parseConfig({ NODE_ENV: "production" }, []).mode).toBe("production");
    expect(parseConfig({ HOST: "0.0.0.0" }, []).mode).toBe("production");
    expect(parseConfig({ HOST: "::1" }, []).mode).toBe("development");
  });

  it.each([
    [{ PORT: "eighty" }, [], "PORT"],
    [{ PORT: "70000" }, [], "PORT"],
    [{ TIDEWIRE_ENGINE: "redis" }, [], "TIDEWIRE_ENGINE"],
    [{ TIDEWIRE_ENGINE: "kafka://here" }, [], "TIDEWIRE_ENGINE"],
    [{ TIDEWIRE_JOBS: "kafka://here" }, [], "TIDEWIRE_JOBS: embedded, or redis://"],
    [{ TIDEWIRE_SMTP_URL: "mail.example" }, [], "TIDEWIRE_SMTP_URL"],
    [{ TIDEWIRE_MAIL_DOMAIN: "a b" }, [], "TIDEWIRE_MAIL_DOMAIN"],
    [{ TIDEWIRE_PUBLIC_URL: "harbor" }, [], "TIDEWIRE_PUBLIC_URL"],
    [{ TIDEWIRE_WORKER: "two" }, [], "TIDEWIRE_WORKER"],
    [{ TIDEWIRE_WORKER_PORT: "70000" }, [], "TIDEWIRE_WORKER_PORT"],
    [{ TIDEWIRE_WORKER_HOST: "0.0.0.0" }, [], "TIDEWIRE_WORKER_HOST: expected TIDEWIRE_WORKER_PORT"],
    [{ TIDEWIRE_URL: "localhost" }, [], "TIDEWIRE_URL"],
    [{ TIDEWIRE_API_KEY: "short" }, [], "TIDEWIRE_API_KEY"],
    [{ TIDEWIRE_API_KEY_FILE: "/nowhere/key" }, [], "TIDEWIRE_API_KEY_FILE"],
    [{ TIDEWIRE_NODE: "a b" }, [], "TIDEWIRE_NODE"],
    [{ DATABASE_URL: "postgres://here" }, [], "DATABASE_URL"],
    [{}, ["--wat"], "--wat"],
  ])("%j with %j is refused, and it is said what is wrong", (env, args, name) => {
    expect(() => parseConfig(env, args)).toThrow(SettingsError);
    expect(() => parseConfig(env, args)).toThrow(name);
  });

  it("keeps jobs in the data folder, and has a worker beside the server, unless it is told otherwise", () => {
    expect(parseConfig({}, [])).toMatchObject({
      jobs: "embedded",
      hasWorker: true,
      serverUrl: "http://127.0.0.1:8080",
    });
    const env = {
      TIDEWIRE_JOBS: "rediss://here:6380",
      TIDEWIRE_WORKER: "none",
      TIDEWIRE_URL: "https://harbor.example",
    };
    expect(parseConfig(env, [])).toMatchObject({
      jobs: "rediss://here:6380",
      hasWorker: false,
      serverUrl: "https://harbor.example",
    });
    expect(parseConfig({ HOST: "::", PORT: "81" }, []).serverUrl).toBe("http://[::1]:81");
  });

  it("has no address for a worker's figures unless it is given one, and then on this machine alone", () => {
    expect(parseConfig({}, []).workerDoor).toBe(null);
    const env = { TIDEWIRE_WORKER_PORT: "9101" };
    expect(parseConfig(env, []).workerDoor).toEqual({ hosts: ["127.0.0.1", "::1"], port: 9_101 });
    expect(parseConfig({ ...env, TIDEWIRE_WORKER_HOST: "10.0.0.7" }, []).workerDoor?.hosts).toEqual(["10.0.0.7"]);
  });

  it("keeps mail in a mailbox in development, and sends it where a mail server is named", () => {
    expect(parseConfig({}, []).mail).toMatchObject({ kind: "mailbox", domain: "harbor.test" });
    expect(parseConfig({ NODE_ENV: "production" }, []).mail.kind).toBe("none");
    const env = { NODE_ENV: "production", TIDEWIRE_SMTP_URL: "smtp://mail.example:25" };
    expect(parseConfig(env, []).mail).toMatchObject({ kind: "smtp", smtpUrl: env.TIDEWIRE_SMTP_URL });
  });

  it("takes an empty variable for one that is not set", () => {
    expect(parseConfig({ PORT: "", TIDEWIRE_API_KEY: "" }, [])).toMatchObject({ port: 8_080, apiKey: null });
  });
});
