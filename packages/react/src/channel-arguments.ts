// The arguments of the channel hooks: parameters stand first exactly when the pattern has any.

import type { Channel, Client } from "@tidewire/client";
import type { ChannelDefinition, ChannelShape, ParamsOf } from "@tidewire/protocol";

/** `[options?]` for `feed:numbers`, `[params, options?]` for `chat:{room}`. */
export type ChannelArguments<Pattern extends string, Options> = keyof ParamsOf<Pattern> extends never
  ? [options?: Options]
  : [params: ParamsOf<Pattern>, options?: Options];

export interface ChannelWithOptions<Shape extends ChannelShape, Options> {
  readonly channel: Channel<Shape["data"], Shape["info"]>;
  readonly options: Partial<Options>;
}

/** Finds the channel; the same object for the same parameters, however often they are written anew. */
export function channelOf<Pattern extends string, Shape extends ChannelShape, Options>(
  client: Client,
  definition: ChannelDefinition<Pattern, Shape>,
  given: ChannelArguments<Pattern, Options>,
): ChannelWithOptions<Shape, Options> {
  const hasParams = definition.pattern.includes("{");
  const params = (hasParams ? given[0] : {}) as ParamsOf<Pattern>;
  const options = (given[hasParams ? 1 : 0] ?? {}) as Partial<Options>;
  const anyParams = definition as unknown as ChannelDefinition<"{any}", Shape>;
  return { channel: client.channel(anyParams, params as unknown as { readonly any: string }), options };
}
