// How the suite of centrifuge-java is built and run: by Maven, since its own Gradle needs plugins of Android's that Maven Central lacks.
import { globSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { succeed } from "./copy.ts";
import type { Result } from "./outcome.ts";
import { attempt, outcomeIn, type Runner } from "./runners.ts";

const pom = path.join(import.meta.dirname, "centrifuge-java.pom.xml");

export const surefire: Runner = {
  files: "centrifuge/src/{test,integrationTest}/**/*.java",
  async install(folder) {
    // Fetches plugins and libraries and compiles, so that a run is a run.
    await succeed("mvn", [...optionsFor(folder), "test-compile"], folder);
  },
  async run(folder, leftOut) {
    const reports = path.join(buildFolderOf(folder), "surefire-reports");
    rmSync(reports, { recursive: true, force: true });
    const excluded = leftOut.map((name) => `!${name.replace(": ", "#")}`);
    const some = excluded.length === 0 ? [] : [`-Dtest=${excluded.join(",")}`];
    await attempt("mvn", [...optionsFor(folder), ...some, "test"], { cwd: folder });
    const ran = globSync("TEST-*.xml", { cwd: reports }).flatMap((file) =>
      resultsIn(readFileSync(path.join(reports, file), "utf8")),
    );
    return [...ran, ...leftOut.map((name) => ({ name, outcome: "left out" as const }))];
  },
};

const buildFolderOf = (folder: string): string => path.join(folder, "target");

const optionsFor = (folder: string): readonly string[] => [
  "--quiet",
  "--batch-mode",
  `--file=${pom}`,
  `-Dsuite=${path.join(folder, "centrifuge")}`,
  `-Dbuild.folder=${buildFolderOf(folder)}`,
];

/** The tests in one of its reports, as `Class: method`. */
function resultsIn(report: string): readonly Result[] {
  return report
    .split("<testcase ")
    .slice(1)
    .map((text) => {
      const [className = "", method = ""] = ["classname", "name"].map(
        (attribute) => new RegExp(String.raw`(?:^|\s)${attribute}="([^"]*)"`).exec(text)?.[1],
      );
      return { name: `${className.slice(className.lastIndexOf(".") + 1)}: ${method}`, outcome: outcomeIn(text) };
    });
}
