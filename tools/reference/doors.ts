// The doors of the packages, as their manifests name them: what may be imported, and from which source it comes.
import { readFileSync } from "node:fs";
import path from "node:path";

export interface Door {
  /** As it is imported: `@tidewire/client/feed`. */
  readonly specifier: string;
  /** Its source, from the root of the repository. */
  readonly file: string;
  /** The name of its page, without an ending. */
  readonly page: string;
  /** What the package says of itself. */
  readonly description: string;
}

const packages = ["protocol", "client", "react", "jobs", "bridges", "webhooks", "server", "tidewire"];
const condition = "@tidewire/source";

type Target = string | Readonly<Record<string, string | Readonly<Record<string, string>>>>;

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, Target>>;
}

/** Every door that has a source; a schema or another file that is only read is none. */
export function doorsOf(root: string): readonly Door[] {
  return packages.flatMap((folder) => {
    const text = readFileSync(path.join(root, "packages", folder, "package.json"), "utf8");
    const { name, description, exports } = JSON.parse(text) as Manifest;
    return Object.entries(exports).flatMap(([door, target]) => {
      const source = typeof target === "string" ? undefined : target[condition];
      if (typeof source !== "string") return [];
      const specifier = path.posix.join(name, door);
      const file = path.posix.join("packages", folder, source);
      const page = specifier.replace("@tidewire/", "").replaceAll("/", "-");
      return [{ specifier, file, page, description }];
    });
  });
}
