// The docs site. Its pages are gathered from docs/ and the root by tools/site; only the front page is written here.
import { readFileSync } from "node:fs";
import starlight from "@astrojs/starlight";
import { defineConfig, passthroughImageService } from "astro/config";

const sidebar = JSON.parse(readFileSync(new URL("./sidebar.json", import.meta.url), "utf8"));

export default defineConfig({
  base: process.env["TIDEWIRE_SITE_BASE"] ?? "/",
  trailingSlash: "always",
  // No picture is scaled, so nothing that scales pictures has to be on the machine.
  image: { service: passthroughImageService() },
  integrations: [
    starlight({
      title: "Tidewire",
      customCss: ["./src/styles/site.css"],
      sidebar,
      pagination: true,
      expressiveCode: { themes: ["github-dark", "github-light"], styleOverrides: { borderRadius: "6px" } },
    }),
  ],
});
