// A place in a channel's log, and who wrote there: the words both sides share.

/** A place in a channel: everything up to and including `offset` in `epoch` has been seen. */
export interface Position {
  /** Changes whenever the numbering starts anew; positions of different epochs cannot be compared. */
  readonly epoch: string;
  /** 0 before the first publication. */
  readonly offset: number;
}

/** Names one connection of one client; new at each connect. */
export type SessionId = string;

/** Somebody in a channel, or the author of a publication. */
export interface Member<Info = unknown> {
  readonly session: SessionId;
  /** Empty for a guest without an account. */
  readonly user: string;
  /** What the `connect` rule said that others may see of this user. */
  readonly info?: Info;
  /** What a token said of this user in this channel alone. */
  readonly channelInfo?: unknown;
}
