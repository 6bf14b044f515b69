// A notice: something to be told, on its way from the server to the deliveries of each endpoint.

export interface Notice {
  /** Letters, digits, "_" and "-". Taken once however often it comes, as long as its deliveries are remembered. */
  readonly id: string;
  readonly type: string;
  /** When it happened, in milliseconds since 1970. */
  readonly atMs: number;
  /** JSON. */
  readonly data: string;
  /** What is so from now on, or no more, under its key; `null` where nothing is. */
  readonly standing: { readonly key: string; readonly fact: string | null } | null;
}
