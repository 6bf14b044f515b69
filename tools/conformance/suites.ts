// The suites that others wrote and we run: whose they are, what they assume, how they are run.
import { type Assumed, centrifugeGo, centrifugeJava, centrifugeJs, centrifugePython, pycent } from "./server.ts";
import { goTest, jest, pytest, type Runner, unittest } from "./runners.ts";
import { surefire } from "./surefire.ts";

export interface Suite {
  /** As in `npm run conformance -- <name>`. */
  readonly name: "js" | "python" | "go" | "java" | "server-api";
  readonly repository: string;
  /** Names the folder of a clone. */
  readonly variable: string;
  readonly assumed: Assumed;
  readonly runner: Runner;
}

export const suites: readonly Suite[] = [
  {
    name: "js",
    repository: "centrifugal/centrifuge-js",
    variable: "TIDEWIRE_SUITE_CENTRIFUGE_JS",
    assumed: centrifugeJs,
    runner: jest,
  },
  {
    name: "python",
    repository: "centrifugal/centrifuge-python",
    variable: "TIDEWIRE_SUITE_CENTRIFUGE_PYTHON",
    assumed: centrifugePython,
    runner: unittest,
  },
  {
    name: "go",
    repository: "centrifugal/centrifuge-go",
    variable: "TIDEWIRE_SUITE_CENTRIFUGE_GO",
    assumed: centrifugeGo,
    runner: goTest,
  },
  {
    name: "java",
    repository: "centrifugal/centrifuge-java",
    variable: "TIDEWIRE_SUITE_CENTRIFUGE_JAVA",
    assumed: centrifugeJava,
    runner: surefire,
  },
  {
    name: "server-api",
    repository: "centrifugal/pycent",
    variable: "TIDEWIRE_SUITE_PYCENT",
    assumed: pycent,
    runner: pytest,
  },
];
