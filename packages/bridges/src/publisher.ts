// The way into channels, for bridges beside a server and bridges far from it; and whose fault it is when it is closed.
import { type ChannelDefinition, type DataOf, fail, type ParamsOf, TidewireError } from "@tidewire/protocol";
import { httpPublish, type HttpPublisherOptions } from "@tidewire/protocol/ports";

/** How one publication of a bridge is named and marked. */
export interface BridgedOptions {
  /** 1 to 64 characters. */
  readonly idempotencyKey: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Where a bridge publishes. */
export interface Publisher {
  /**
   * Publishes on a channel by its name; resolves when it is accepted. Doing it again with the same key and the same data
   * publishes it once, for 5 minutes (P4).
   * @throws what it is refused with. A `TidewireError` that would be thrown again in any case (`invalid_data`,
   * `too_large` and such) is the publication's own fault; everything else is tried again.
   */
  publish(channel: string, data: unknown, options: BridgedOptions): Promise<void>;
}

/** The part of a server that is needed. */
interface Publishing {
  channel<Pattern extends string, Definition extends ChannelDefinition<Pattern>>(
    definition: Definition & { readonly pattern: Pattern },
    ...params: keyof ParamsOf<Pattern> extends never ? [] : [ParamsOf<Pattern>]
  ): { publish(data: DataOf<Definition>, options: BridgedOptions): Promise<unknown> };
}

/** A channel, whatever its pattern is. */
type ByParams = (
  definition: ChannelDefinition,
  params: Readonly<Record<string, string>>,
) => { publish(data: unknown, options: BridgedOptions): Promise<unknown> };

/**
 * Publishes through the server in this process.
 * @param channels The ones that may be published on, all of them among the server's. A name that is none of theirs is
 * refused with `unknown_channel`.
 */
export function serverPublisher(tide: Publishing, channels: readonly ChannelDefinition[]): Publisher {
  const channelBy = tide.channel.bind(tide) as unknown as ByParams;
  return {
    publish: async (channel, data, options) => {
      for (const definition of channels) {
        const params = definition.match(channel);
        if (params === null) continue;
        await channelBy(definition, params).publish(data, options);
        return;
      }
      fail("unknown_channel", `the bridge has no channel "${channel}"`);
    },
  };
}

/** Publishes through the server API (PROTOCOL 3); any node of a cluster will do. */
export function httpPublisher(options: HttpPublisherOptions): Publisher {
  return { publish: httpPublish(options) };
}

// An unknown key of the server API, or an address that is no server, is nobody's publication's fault.
const ownFaults: ReadonlySet<TidewireError["reason"]> = new Set([
  "bad_request",
  "conflict",
  "invalid_data",
  "limit_exceeded",
  "not_available",
  "too_large",
  "unknown_channel",
] as const);

/** Whether asking again would be answered in the same way. */
export function isOwnFault(thrown: unknown): thrown is TidewireError {
  return thrown instanceof TidewireError && ownFaults.has(thrown.reason);
}
