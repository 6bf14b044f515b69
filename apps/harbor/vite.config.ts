// How the page is built, and served in development.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// Not inside `web`: whoever decides whether the page is stale looks at everything that is in there.
const output = path.join(import.meta.dirname, "dist");

export default defineConfig({
  root: path.join(import.meta.dirname, "web"),
  // The packages are run from their sources here too.
  resolve: { conditions: ["@tidewire/source", "module", "browser", "development|production"] },
  plugins: [react(), tailwindcss(), precompress()],
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    // A file inside a style sheet would be a `data:` address, which our policy does not let in.
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        codeSplitting: { groups: [{ name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ }] },
      },
    },
  },
});

/** Writes `.br` and `.gz` beside what gets smaller by it, once, so that no request waits for a compressor. */
function precompress(): Plugin {
  return {
    name: "harbor:precompress",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
        const file = path.join(entry.parentPath, entry.name);
        if (!entry.isFile() || !/\.(html|js|css|svg|webmanifest|txt)$/.test(entry.name) || statSync(file).size < 1_024)
          continue;
        const plain = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
      }
    },
  };
}
