// The channels of a configuration: their definitions, and who may read and write them.
import { type ChannelDefinition, defineChannel } from "@tidewire/protocol";
import type { AccessRules, PublishRuleContext, SubscribeRuleContext } from "@tidewire/server";
import type { PatternConfig } from "./config.ts";

/**
 * @throws {TypeError | RangeError} when its options do not go together.
 */
export function definitionOf(options: PatternConfig): ChannelDefinition {
  const { pattern, presence, force_push_join_leave: announceMembers } = options;
  const common = { presence, announceMembers, publishers: mayBePublished(options) ? "clients" : "server" } as const;
  const ttlMs = options.history_ttl;
  if (options.mode === "latest") {
    return defineChannel(pattern, {
      ...common,
      mode: "latest",
      key: keyOf(options),
      ...(ttlMs !== null && { history: { ttlMs } }),
      ...refused(options, ["history_size", "force_recovery_mode"]),
    });
  }
  refused(options, options.mode === "signal" ? ["key", "history_size", "history_ttl", "force_recovery_mode"] : ["key"]);
  if (options.mode === "signal") return defineChannel(pattern, { ...common, mode: "signal" });
  const history = { size: options.history_size ?? 100, ttlMs: ttlMs ?? 300_000 };
  const recovery = options.force_recovery_mode ?? "stream";
  return defineChannel(pattern, { ...common, mode: "stream", history, recovery });
}

function mayBePublished(options: PatternConfig): boolean {
  return (
    options.allow_publish_for_client ||
    options.allow_publish_for_subscriber ||
    options.allow_publish_for_anonymous ||
    options.publish_proxy_enabled
  );
}

/** @throws {TypeError} */
function refused(options: PatternConfig, names: readonly (keyof PatternConfig)[]): object {
  const set = names.find((name) => options[name] !== null);
  if (set !== undefined) throw new TypeError(`a ${options.mode} channel has no ${set}; leave it out`);
  return {};
}

/** The value's field of that name. @throws {TypeError} when the configuration names none. */
function keyOf({ key }: PatternConfig): (value: unknown) => string {
  if (key === null) throw new TypeError("a latest channel needs key, the name of a field of its values");
  return (value) => {
    const field =
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined;
    // A number names a key as its text does.
    return typeof field === "number" ? String(field) : (field as string);
  };
}

/** Who may do what where a backend is not asked. Channels that no pattern made are open to everybody. */
export function rulesOf(patterns: readonly PatternConfig[]): Required<Pick<AccessRules, "subscribe" | "publish">> {
  const byPattern = new Map(patterns.map((options) => [options.pattern, options]));
  return {
    subscribe: ({ user, definition }: SubscribeRuleContext) => {
      const options = byPattern.get(definition.pattern);
      if (options === undefined) return true;
      return user === "" ? options.allow_subscribe_for_anonymous : options.allow_subscribe_for_client;
    },
    publish: ({ user, definition, isSubscribed }: PublishRuleContext) => {
      const options = byPattern.get(definition.pattern);
      if (options === undefined) return true;
      if (isSubscribed && options.allow_publish_for_subscriber) return true;
      return user === "" ? options.allow_publish_for_anonymous : options.allow_publish_for_client;
    },
  };
}
