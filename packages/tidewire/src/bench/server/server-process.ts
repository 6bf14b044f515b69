// Tidewire's own server in a process that tells what it costs. Argument: options of own-server.
import { answerAsServer } from "./server-answers.ts";
import { asItComes, type OwnServerOptions, serveOwn } from "./own-server.ts";

const given = JSON.parse(process.argv[2] ?? "{}") as Partial<OwnServerOptions>;

await answerAsServer((server) => serveOwn(server, { ...asItComes, ...given }));
