// Which pages may connect: no header that a page cannot choose lets it in as the host's own.
import type { IncomingHttpHeaders } from "node:http";
import { judgeOrigin, withoutCredentials } from "../../packages/server/src/transports/origin.ts";
import { holds } from "../oracle.ts";
import type { Target } from "../target.ts";

const allowed = ["https://app.example"];

/** Origin, Host and Sec-Fetch-Site on lines of their own; one that is empty is not there. */
export const target: Target = {
  name: "origins",
  shape: "text",
  files: ["server/src/transports/origin.ts", "server/src/transports/address.ts"],
  maxBytes: 16_384,
  seeds: [
    "https://app.example\napp.example\ncross-site",
    "http://localhost:5173\nlocalhost:8000\n",
    "null\n127.0.0.1\nsame-origin",
    "http://[::1]:80\n[::1]\nnone",
    "\nhost.example\n",
    "http://Host.example\nHOST.example\n",
  ],
  words: ["http://", "https://", "localhost", ".localhost", "@", "#", "?", ":80", "file://", "null"],
  run(input) {
    const [origin = "", host = "", site = ""] = Buffer.from(input).toString("latin1").split("\n");
    const headers: IncomingHttpHeaders = {
      ...(origin !== "" && { origin }),
      ...(host !== "" && { host }),
      ...(site !== "" && { "sec-fetch-site": site }),
    };
    const production = judgeOrigin(headers, { isDevelopment: false, allowed });
    const isNamed = allowed.includes(origin);
    const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@\\]+)$/.exec(origin)?.[1];
    const isHosts = authority !== undefined && authority === host.toLowerCase();
    const isNoPage = origin === "" && ["", "same-origin", "none"].includes(site);
    holds(
      production !== "own" || isNamed || isHosts || isNoPage,
      `"${origin}" was taken for the own page of "${host}"`,
    );
    holds(judgeOrigin(headers, { isDevelopment: false, allowed: ["*"] }) !== "refused", "anybody was refused");
    holds(judgeOrigin(headers, { isDevelopment: true, allowed: [] }) !== "refused", "development refused somebody");
    const bare = withoutCredentials({ ...headers, cookie: "a", authorization: "b" });
    holds(bare.cookie === undefined && bare.authorization === undefined, "credentials stayed");
  },
};
