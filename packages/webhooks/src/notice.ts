// A notice: something to be told, on its way from the server to the deliveries of each endpoint.

export interface Notice {
  /** Letters, digits, "_" and "-". Taken once however often it comes, as long as its deliveries are remembered. */
  readonly id: string;
  readonly type: string;
  /** When it happened, in milliseconds since 1970. */
  readonly atMs: number;
  /** JSON. */
  readonly data: string;
  /** `null` where it says of nothing that it is so. */
  readonly standing: Standing | null;
}

/** What is so from now on. */
export interface Standing {
  readonly key: string;
  /** JSON; `null` when it is so no more. */
  readonly fact: string | null;
}
