// How Vite serves the page: with the packages from their sources, as the server runs from them.
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  resolve: { conditions: ["@tidewire/source", ...defaultClientConditions] },
});
