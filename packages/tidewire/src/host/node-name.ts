// What a node is called among others of one engine where nobody has named it.
import { hostname } from "node:os";

/** As Prometheus names what it asks, and the same after a restart. `undefined` where the port is any. */
export function usualNodeName(port: number): string | undefined {
  return port === 0 ? undefined : `${hostname()}:${port}`;
}
