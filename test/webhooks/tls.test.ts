// Webhooks over TLS: the certificate is judged by the endpoint's name, though an address is connected to.
import { createServer } from "node:https";
import { expect, it, onTestFinished } from "vitest";
import { failureOf, post } from "../../packages/webhooks/src/post.ts";
import { systemClock } from "@tidewire/protocol/ports";
import { certificate } from "../certificate.ts";
import { listen } from "../serving.ts";

it("an endpoint is told that has its name's certificate, and no other one", async (context) => {
  const { key, cert } = certificate(context, "hooks.example");
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
