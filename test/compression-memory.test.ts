// What compression keeps for a connection, which is nothing: in a process of its own, where little else is in memory.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants, deflateRawSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "./rfc6455/client.ts";
import { bytesOf, frame, op } from "./rfc6455/frames.ts";
import { serve } from "./serving.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes outside of V8's heap once they no longer become fewer: what is free is given back by and by. */
async function settledBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let isFalling = true; isFalling;) {
    collect();
    await new Promise((resolve) => void setImmediate(resolve));
    collect();
    const { external } = process.memoryUsage();
    isFalling = external < least;
    least = Math.min(least, external);
  }
  return least;
}

test("nothing is kept for a connection that has sent and was sent compressed messages", async () => {
  const served = await serve({ compression: true });
  const data = Buffer.from("the tide goes out, the tide comes in; ".repeat(200));
  const deflated = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const offer = "permessage-deflate; client_max_window_bits";
  const exchange = async (): Promise<void> => {
    const client = await Client.open({ port: served.port, path: "/echo", offer, windowBits: 15 });
    onTestFinished(() => client.destroy());
    client.write(bytesOf(frame(op.text, deflated, { reserved: 4 })));
    await client.until(() => client.events.length === 1);
    client.events.length = 0;
  };
  // What is made once, such as buffers for reading, is there before.
  for (let index = 0; index < 20; index += 1) await exchange();
  const before = await settledBytes();
  const count = 300;
  for (let index = 0; index < count; index += 1) await exchange();
  // A window alone is 32 KiB.
  expect(((await settledBytes()) - before) / count).toBeLessThan(4_096);
  expect(served.tide.stats().counters["messages_deflated"]).toBe(count + 20);
});
