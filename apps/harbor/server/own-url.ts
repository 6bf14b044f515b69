// How programs of this machine reach a server that listens here.

/** @param host The address it listens on; one that stands for all addresses is reached at the loopback address. */
export function ownUrl(host: string, port: number): string {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
}
