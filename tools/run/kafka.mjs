// Kafka for the tests: its own jars from Maven Central, run by the machine's Java without Kafka's scripts.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { capture } from "./children.mjs";
import { cacheFolder, findProgram } from "./workspace.mjs";

const version = "3.9.1";

const project = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidewire</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version>
  </dependency></dependencies>
</project>
`;

const folder = () => {
  const shared = process.env["XDG_CACHE_HOME"];
  return path.join(shared ? path.join(shared, "tidewire") : cacheFolder, `kafka-${version}`);
};
const jars = () => path.join(folder(), "lib");
const isThere = (/** @type {string} */ at) => existsSync(path.join(at, `kafka_2.13-${version}.jar`));

/** What the tests read is the folder of the jars. @type {import("./services.mjs").Service} */
export const kafka = {
  name: "kafka",
  variable: "TIDEWIRE_KAFKA",
  command: "apt-get install -y --no-install-recommends maven default-jre-headless",
  find() {
    const named = process.env["TIDEWIRE_KAFKA"];
    if (named) {
      if (existsSync(named)) return { path: named, how: "TIDEWIRE_KAFKA" };
      throw new Error(`TIDEWIRE_KAFKA names ${named}, which is not there`);
    }
    return isThere(jars()) && findProgram("java") ? { path: jars(), how: "private copy fetched before" } : null;
  },
  async fetch() {
    for (const program of ["java", "mvn"]) {
      if (findProgram(program) === null) throw new Error(`${program} is not on the path`);
    }
    rmSync(folder(), { recursive: true, force: true });
    mkdirSync(folder(), { recursive: true });
    const pom = path.join(folder(), "pom.xml");
    writeFileSync(pom, project);
    const args = ["--quiet", "--batch-mode", "--file", pom, "dependency:copy-dependencies", "-DincludeScope=runtime"];
    const { code, output } = await capture("mvn", [...args, `-DoutputDirectory=${jars()}`]);
    if (code !== 0 || !isThere(jars())) throw new Error(`mvn ended with ${code}: ${output.trim().slice(-1_000)}`);
    return { path: jars(), how: `Kafka ${version} from Maven Central` };
  },
};
