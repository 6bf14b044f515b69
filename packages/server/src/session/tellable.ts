// Whether a connection has words for what a channel carries: JSON has none for bytes.
import type { Known } from "../hub/channel.ts";
import { refuse } from "../hub/refusal.ts";
import type { LinkTraits } from "./link.ts";

const inJson: ReadonlySet<string> = new Set(["centrifuge-json", "centrifuge-unidirectional"]);

/** @throws {TidewireError} `bad_request`: it would be told of nothing that is published there (S3). */
export function checkTellable({ traits }: { readonly traits: LinkTraits }, { definition }: Known): void {
  if (definition.carries !== "bytes" || !inJson.has(traits.dialect)) return;
  refuse("bad_request", "this channel carries bytes, for which JSON has no word; connect with Protobuf");
}
