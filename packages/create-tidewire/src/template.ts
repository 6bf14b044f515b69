// The templates by their names.
import { Refusal } from "./refusal.ts";

/** What each is, in a few words; the folder of that name below `templates/` holds it. */
export const templates = {
  node: "Node's own HTTP server, and a page with a plain WebSocket",
  express: "Express, and a page with Tidewire's client, without a build",
  react: "React with Vite: hooks, pages and sockets on one port",
} as const;

export type Template = keyof typeof templates;

/** What a project is made of when nobody says otherwise. */
export const defaultTemplate: Template = "node";

/** @throws {Refusal} when there is no template of that name. */
export function templateOf(name: string): Template {
  const found = (Object.keys(templates) as Template[]).find((each) => each === name);
  if (found === undefined)
    throw new Refusal(`expected a template: ${Object.keys(templates).join(", ")}; got "${name}"`);
  return found;
}
