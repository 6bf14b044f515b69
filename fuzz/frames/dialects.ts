// The ways in which frames reach a server.

export const dialects = ["json", "protobuf", "raw", "sse-post"] as const;
export type Dialect = (typeof dialects)[number];
