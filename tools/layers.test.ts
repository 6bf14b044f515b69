import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLayers, importsOf, judge } from "./layers.ts";

describe("importsOf", () => {
  test("finds every way to name a module", () => {
    const code = `
      import "a";
      import b from "b";
      import type { C } from "c";
      export * from "d";
      export type { E } from "e";
      const f = await import("f");
      type G = import("g").G;
      // import "h";
      const i = 'import "i"';
    `;
    expect(importsOf("x.ts", code).sort()).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });
});

describe("judge", () => {
  const server = (file: string): string => `packages/server/src/${file}`;

  test.each([
    ["packages/client/src/client.ts", "@tidewire/protocol"],
    ["packages/react/src/use-channel.ts", "@tidewire/client"],
    ["packages/tidewire/src/main.ts", "@tidewire/server/testing"],
    ["apps/harbor/server/main.ts", "tidewire"],
    ["apps/harbor/web/main.tsx", "../contract/chat.ts"],
    [server("transports/websocket.ts"), "../dialects/open.ts"],
    [server("transports/websocket.ts"), "../dialects/connection.ts"],
    [server("dialects/raw/raw.ts"), "../../session/session.ts"],
    [server("session/session.ts"), "./commands/table.ts"],
    [server("session/commands/publish.ts"), "../../hub/hub.ts"],
    [server("engines/sqlite/sqlite-engine.ts"), "../../engine/engine.ts"],
    [server("hub/hub.ts"), "../ports/clock.ts"],
    [server("hub/hub.ts"), "@tidewire/protocol/ports"],
    [server("server.ts"), "./transports/websocket.ts"],
    [server("hub/hub.test.ts"), "../testing.ts"],
    [server("hub/hub.ts"), "node:events"],
  ])("lets %s import %s", (file, specifier) => {
    expect(judge(file, specifier)).toBeNull();
  });

  test.each([
    ["packages/protocol/src/index.ts", "@tidewire/client"],
    ["packages/client/src/client.ts", "@tidewire/server"],
    ["packages/client/src/client.test.ts", "@tidewire/server/testing"],
    ["packages/react/src/use-channel.ts", "@tidewire/server"],
    ["packages/server/src/index.ts", "tidewire"],
    ["packages/react/src/use-channel.ts", "../../client/src/client.ts"],
    ["apps/harbor/web/main.tsx", "@tidewire/server"],
    ["apps/harbor/web/main.tsx", "../server/main.ts"],
    ["apps/harbor/contract/chat.ts", "@tidewire/client"],
    [server("session/session.ts"), "../dialects/dialect.ts"],
    [server("session/session.ts"), "../dialects/connection.ts"],
    [server("hub/hub.ts"), "../session/session.ts"],
    [server("hub/hub.ts"), "../dialects/dialect.ts"],
    [server("hub/hub.ts"), "../engines/memory/memory-engine.ts"],
    [server("engine/engine.ts"), "../ports/clock.ts"],
    [server("engine/engine.ts"), "@tidewire/protocol/ports"],
    [server("transports/websocket.ts"), "../session/session.ts"],
    [server("http/api.ts"), "../session/session.ts"],
    [server("hub/hub.ts"), "../server.ts"],
    [server("hub/hub.ts"), "../index.ts"],
    [server("strange/new.ts"), "../engine/engine.ts"],
  ])("refuses that %s imports %s", (file, specifier) => {
    expect(judge(file, specifier)).toContain(file);
  });
});

describe("checkLayers", () => {
  let root = "";
  const write = (file: string, content: unknown): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), typeof content === "string" ? content : JSON.stringify(content));
  };

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "tidewire-layers-"));
    mkdirSync(path.join(root, "apps"));
    write("packages/client/src/client.ts", 'import type { Position } from "@tidewire/protocol";');
    write("packages/client/package.json", { dependencies: { "@tidewire/protocol": "0.1.0" } });
    write("packages/client/tsconfig.json", { references: [{ path: "../protocol" }] });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test("is content when imports, references and dependencies agree", () => {
    expect(checkLayers(root)).toEqual([]);
  });

  test("names an import without a reference, and one without a dependency", () => {
    write("packages/client/tsconfig.json", {});
    write("packages/client/package.json", {});
    expect(checkLayers(root)).toEqual([
      "packages/client/tsconfig.json: packages/protocol is imported and not referenced",
      "packages/client/package.json: @tidewire/protocol is imported and not a dependency",
    ]);
  });

  test("reads test files by the package's rules, and asks no reference for them", () => {
    write("packages/client/src/client.test.ts", 'import "@tidewire/server";');
    expect(checkLayers(root)).toEqual([
      "packages/client/src/client.test.ts: packages/client may not import packages/server (@tidewire/server)",
    ]);
  });
});
