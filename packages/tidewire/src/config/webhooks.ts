// The webhooks of a configuration: which endpoints are told what happens.
import { endpointProblems, type WebhookEndpoint } from "@tidewire/webhooks";
import type { Config, WebhookConfig } from "./config.ts";

/** What a field of an endpoint is called in the file. */
const names: Readonly<Record<keyof WebhookEndpoint, string>> = {
  name: "name",
  url: "url",
  secret: "secret_file",
  oldSecret: "old_secret_file",
  types: "types",
  allowsHttp: "allow_http",
  allowsPrivate: "allow_private",
};

export function webhooksOf(
  { webhooks }: Pick<Config, "webhooks">,
  note: (where: string, what: string) => void,
): readonly WebhookEndpoint[] {
  const taken = new Set<string>();
  return webhooks.flatMap((config, index) => {
    const where = `webhooks[${index}]`;
    // Nothing stands in their place.
    const missing = (["name", "url", "secret"] as const).filter((name) => typeof config[name] !== "string");
    for (const name of missing) note(`${where}.${names[name]}`, "expected a text, got nothing");
    if (missing.length > 0) return [];
    if (taken.has(config.name)) note(`${where}.name`, `the name ${JSON.stringify(config.name)} was there before`);
    taken.add(config.name);
    const endpoint = endpointOf(config);
    for (const { field, what } of endpointProblems(endpoint)) note(`${where}.${names[field]}`, what);
    return [endpoint];
  });
}

function endpointOf({ name, url, secret, old_secret: oldSecret, types, ...may }: WebhookConfig): WebhookEndpoint {
  return {
    name,
    url,
    secret: secret ?? "",
    ...(oldSecret !== null && { oldSecret }),
    ...(types.length > 0 && { types }),
    allowsHttp: may.allow_http,
    allowsPrivate: may.allow_private,
  };
}
