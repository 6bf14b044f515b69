// Both at once: the server, and Vite for the page. `npm run server` and `npm run page` start them apart.
import { createServer } from "vite";
import "./server.ts";

const page = await createServer();
await page.listen();
page.printUrls();

process.once("SIGTERM", () => void page.close());
