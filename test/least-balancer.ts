// The least that a balancer is: hands whoever comes to the first port that answers.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** @returns The port where it listens until the test has ended. */
export async function balance(ports: readonly number[]): Promise<number> {
  const sockets = new Set<Socket>();
  const kept = (socket: Socket): Socket => {
    sockets.add(socket.on("error", () => undefined).once("close", () => void sockets.delete(socket)));
    return socket;
  };
  const balancer = createServer((client) => {
    kept(client).pause();
    const attempt = ([port, ...others]: readonly number[]): void => {
      if (port === undefined) return void client.destroy();
      const node = kept(connect(port, "127.0.0.1"));
      const refused = (): void => attempt(others);
      node.once("error", refused).once("connect", () => {
        node.off("error", refused).once("close", () => void client.destroy());
        client
          .once("close", () => void node.destroy())
          .pipe(node)
          .pipe(client);
      });
    };
    attempt(ports);
  });
  onTestFinished(() => {
    balancer.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(balancer.listen(0, "127.0.0.1"), "listening");
  return (balancer.address() as AddressInfo).port;
}
