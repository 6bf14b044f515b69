// What is needed of a server: what its channels keep, read by place.
import type { Member, Position } from "@tidewire/protocol";

/** A publication as a channel keeps it. */
export interface KeptPublication {
  /** Tells two publications apart that share an offset after a rollback. */
  readonly id: string;
  readonly offset: number;
  /** The one before it in its epoch; its id is `null` where not known. */
  readonly previous: { readonly offset: number; readonly id: string | null } | null;
  readonly data: Uint8Array;
  readonly form: "json" | "text" | "bytes";
  /** What it is the newest value of, where the channel is a table. */
  readonly key?: string;
  readonly removed?: true;
  readonly author?: Member;
  readonly tags?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Publications behind a position, oldest first. */
export interface KeptPage {
  readonly publications: readonly KeptPublication[];
  readonly top: Position;
  /** A position below it has a hole behind it. */
  readonly floor: number;
}

/** What channels keep: `histories` of a server. */
export interface Histories {
  /** Where channels stand, in the order asked; `null` where nothing is kept. */
  tops(channels: readonly string[]): Promise<readonly (Position | null)[]>;
  read(
    channel: string,
    after: Position | null,
    limit: { readonly publications: number; readonly bytes: number },
  ): Promise<KeptPage>;
}
