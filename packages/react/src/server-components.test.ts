// What server components get of @tidewire/react: every name of the door, none of which does anything but explain.
import { execFileSync } from "node:child_process";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import * as door from "./index.ts";
import * as onServer from "./server-components.ts";

test("every name of the door is there, so that a bundler's complaint never comes first", () => {
  expect(Object.keys(onServer).sort()).toEqual(Object.keys(door).sort());
});

test.each(Object.entries(onServer))("%s says where it belongs", (name, use) => {
  expect(() => (use as () => void)()).toThrow(
    `${name} of @tidewire/react works in client components, and was used in a server component: ` +
      `move what uses it to a file that begins with "use client"`,
  );
});

test("a provider that is rendered says so too", () => {
  const element = createElement(onServer.TidewireProvider as () => never);
  expect(() => renderToString(element)).toThrow("TidewireProvider of @tidewire/react works in client components");
});

test("the package's own name leads there under the condition of server components", () => {
  const code = `import("@tidewire/react").then(({ useChannel }) => useChannel()).catch(({ message }) => console.log(message))`;
  const conditions = ["--conditions=react-server", "--conditions=@tidewire/source"];
  const printed = execFileSync(process.execPath, [...conditions, "--input-type=module", "--eval", code], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  expect(printed).toMatch(/^useChannel of @tidewire\/react works in client components/);
});
