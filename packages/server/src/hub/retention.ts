// How much the engine keeps of a channel, from its definition.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { LogRetention, TableRetention } from "../engine/engine.ts";

/** Of all values of one `latest` channel. */
const tableBytes = 16 * 1_024 * 1_024;

/** Of a `latest` channel. */
export function tableRetention({ history }: ChannelDefinition): TableRetention {
  const { size, ttlMs } = history ?? { size: 1, ttlMs: 1 };
  return { kind: "table", keys: size, bytes: tableBytes, ttlMs };
}

/** `null`: nothing is kept. */
export function retentionOf(definition: ChannelDefinition): LogRetention | TableRetention | null {
  return definition.mode === "latest" ? tableRetention(definition) : definition.history;
}
