import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "@tidewire/protocol/ports";
import { endpointProblems } from "./endpoint.ts";
import { failureOf, post } from "./post.ts";
import { systemResolve } from "./ports/resolver.ts";

const secret = `whsec_${Buffer.from("a".repeat(32)).toString("base64")}`;

async function heard(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Tried {
  readonly url: string;
  readonly allowsPrivate?: boolean;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** What became of it: "" when it was taken. */
async function tried({ url, allowsPrivate = false, resolve = systemResolve }: Tried): Promise<string> {
  try {
    await post({ url, allowsPrivate, headers: {}, body: "{}" }, { clock: systemClock, resolve });
    return "";
  } catch (thrown) {
    return failureOf(thrown).reason;
  }
}

/** Ways to write, or to name, what is not public. */
const hidden = [
  "127.0.0.1",
  "127.1",
  "127.255.255.254",
  "0x7f.0.0.1",
  "0x7f000001",
  "0177.0.0.1",
  "2130706433",
  "017700000001",
  "127.0.0.1.",
  "①②⑦.⓪.⓪.①",
  "%31%32%37.0.0.1",
  "0",
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "012.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "192.168.255.255",
  "3232235521",
  "169.254.0.1",
  "169.254.169.254",
  "0xa9fea9fe",
  "2852039166",
  "100.64.0.1",
  "100.100.100.200",
  "100.127.255.255",
  "192.0.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "[::]",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[::127.0.0.1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:169.254.169.254]",
  "[::ffff:8.8.8.8]",
  "[64:ff9b::127.0.0.1]",
  "[64:ff9b::a9fe:a9fe]",
  "[64:ff9b:1::1]",
  "[100::1]",
  "[2001::1]",
  "[2001:db8::1]",
  "[2002:7f00:1::]",
  "[2002:a9fe:a9fe::1]",
  "[3fff::1]",
  "[5f00::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[fec0::1]",
  "[ff02::1]",
] as const;

describe("a request of a webhook", () => {
  it.each(hidden)("goes not to %s, and nobody can configure it (W2)", async (host) => {
    expect(await tried({ url: `http://${host}:9/` })).toBe("private_address");
    const configured = { name: "one", url: `https://${host}/`, secret };
    expect(endpointProblems(configured)).toEqual([{ field: "url", what: expect.stringContaining("public") as string }]);
    expect(endpointProblems({ ...configured, allowsPrivate: true })).toEqual([]);
  });

  it("goes not to a name that is one of them, also where it has public addresses as well (W2)", async () => {
    expect(await tried({ url: "http://localhost:9/" })).toBe("private_address");
    for (const addresses of [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "::1"], ["fe80::1%lo"]]) {
      expect(await tried({ url: "http://inside.example:9/", resolve: () => Promise.resolve(addresses) })).toBe(
        "private_address",
      );
    }
  });

  it("goes to the address that was looked at: a name server that says another one next is not asked (W2)", async () => {
    let requests = 0;
    const port = await heard((request, response) => {
      requests += 1;
      response.end(request.headers.host);
    });
    let asked = 0;
    // One where nobody listens when it is looked at, and this one whenever it is asked again.
    const rebinding = (): Promise<readonly string[]> => {
      asked += 1;
      return Promise.resolve([asked === 1 ? "127.0.0.2" : "127.0.0.1"]);
    };
    // As the system itself knows it, it is the one where somebody listens.
    const url = `http://localhost:${port}/`;
    expect(await tried({ url, allowsPrivate: true, resolve: rebinding })).toBe("unreachable");
    expect([asked, requests]).toEqual([1, 0]);
  });

  it("says whose it is though it goes to an address, and tries the host's other addresses", async () => {
    const hosts: (string | undefined)[] = [];
    const port = await heard((request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    const resolve = (): Promise<readonly string[]> => Promise.resolve(["::1", "127.0.0.2", "127.0.0.1"]);
    expect(await tried({ url: `http://many.example:${port}/a`, allowsPrivate: true, resolve })).toBe("");
    expect(hosts).toEqual([`many.example:${port}`]);
  });

  it("ends where no address is found", async () => {
    const resolve = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    expect(await tried({ url: "http://nobody.example/", resolve })).toBe("unresolved");
  });
});

describe("an endpoint", () => {
  const fine = { name: "one", url: "https://example.com/hook", secret };

  it.each([
    [{ url: "http://example.com/" }, "url", "expected https://, since http:// is not allowed for it"],
    [{ url: "ftp://example.com/" }, "url", "expected an address that begins with https://"],
    [{ url: "example.com" }, "url", "expected an address that begins with https://"],
    [{ url: "https://me:secret@example.com/" }, "url", "expected no user and no password: what is sent is signed"],
    [{ name: "a b" }, "name", 'expected 1 to 64 letters, digits, "_" or "-"'],
    [{ secret: "whsec_" }, "secret", 'expected "whsec_" and 24 to 64 bytes in base64'],
    [{ oldSecret: "x" }, "oldSecret", 'expected "whsec_" and 24 to 64 bytes in base64'],
    [{ types: ["*"] }, "types", 'expected types such as "member.joined" or "member.*", got "*"'],
  ])("with %o is refused", (given, field, what) => {
    expect(endpointProblems({ ...fine, ...given })).toEqual([{ field, what }]);
  });

  it("is taken as it should be", () => {
    expect(endpointProblems({ ...fine, types: ["member.*", "job.done"], oldSecret: secret })).toEqual([]);
    expect(endpointProblems({ ...fine, url: "http://127.0.0.1/", allowsHttp: true, allowsPrivate: true })).toEqual([]);
  });
});
