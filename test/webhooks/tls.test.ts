// Webhooks over TLS: the certificate is judged by the endpoint's name, though an address is connected to.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { expect, it, onTestFinished, type TestContext } from "vitest";
import { failureOf, post } from "../../packages/webhooks/src/post.ts";
import { systemClock } from "@tidewire/protocol/ports";
import { temporaryFolder } from "../../packages/server/src/testing/temporary-folder.ts";
import { listen } from "../serving.ts";

/** A key and a certificate for hooks.example, by openssl. */
function certificate(context: TestContext): { readonly key: string; readonly cert: string } {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const args = ["req", "-x509", ...curve, "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...names];
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) context.skip(`openssl made no certificate: ${stderr ?? "it is not here"}`);
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

it("an endpoint is told that has its name's certificate, and no other one", async (context) => {
  const { key, cert } = certificate(context);
  const names: (string | false | undefined)[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    names.push(Reflect.get(request.socket, "servername") as string);
    response.end();
  });
  const port = await listen(server as never);
  onTestFinished(() => void server.close());
  const tried = async (host: string, ca?: string): Promise<string> => {
    const resolve = (): Promise<readonly string[]> => Promise.resolve(["127.0.0.1"]);
    const ports = { clock: systemClock, resolve, ...(ca !== undefined && { ca }) };
    const posting = { url: `https://${host}:${port}/`, allowsPrivate: true, headers: {}, body: "{}" };
    return await post(posting, ports).then(
      () => "taken",
      (thrown: unknown) => failureOf(thrown).message,
    );
  };
  expect(await tried("hooks.example", cert)).toBe("taken");
  expect(names).toEqual(["hooks.example"]);
  expect(await tried("hooks.example")).toContain("SELF_SIGNED");
  expect(await tried("other.example", cert)).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await tried("127.0.0.1", cert)).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(names).toHaveLength(1);
});
