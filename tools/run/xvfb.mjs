// Xvfb for the tests, a display without a screen: named by the user, or on the path.
import { findProgram, isProgram } from "./workspace.mjs";

/** @type {import("./services.mjs").Service} */
export const xvfb = {
  name: "xvfb",
  variable: "TIDEWIRE_XVFB",
  command: "apt-get install -y --no-install-recommends xvfb",
  find() {
    const named = process.env["TIDEWIRE_XVFB"];
    if (named) {
      if (isProgram(named)) return { path: named, how: "TIDEWIRE_XVFB" };
      throw new Error(`TIDEWIRE_XVFB names ${named}, which cannot be run`);
    }
    const found = findProgram("Xvfb");
    return found === null ? null : { path: found, how: "on the path" };
  },
  // It looks for its keyboards where the machine has them.
  fetch: () => Promise.reject(new Error("there is no private copy of it; install it")),
};
