// What an example's server is given: a folder for its data, a way to tell staff from visitors, and routes beside its channels.
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Place {
  /** Where its databases are. */
  readonly data: string;
  /** Whether a client's token is the key of whoever runs the place: the operator, the editor, the agent, the presenter. */
  readonly isStaff: (token: string) => boolean;
  /** What `GET` answers with JSON, by its path. */
  readonly routes: Map<string, () => Promise<unknown>>;
}

const digest = (text: string): Buffer => hash("sha256", text, "buffer");

/** The key is made once and kept beside the data, so that links with it go on working. */
export function openPlace(data: string): { readonly place: Pick<Place, "data" | "isStaff">; readonly key: string } {
  mkdirSync(data, { recursive: true });
  const file = path.join(data, "key");
  if (!existsSync(file)) writeFileSync(file, randomBytes(16).toString("hex"), { mode: 0o600 });
  const key = readFileSync(file, "utf8");
  const isStaff = (token: string): boolean => timingSafeEqual(digest(token), digest(key));
  return { place: { data, isStaff }, key };
}
