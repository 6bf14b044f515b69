// A whole connection: frames decoded, obeyed and answered by a node, which has forgotten it all when the connection is gone.
import { defineChannel } from "@tidewire/protocol";
import { z } from "zod";
import { silentLog } from "../../packages/server/src/ports/log.ts";
import { FakeNode } from "../../packages/server/src/testing/fake-node.ts";
import { holds, isSame } from "../oracle.ts";
import { Violation, type Target } from "../target.ts";

const channels = [
  defineChannel("news", { history: { size: 10, ttlMs: 60_000 }, presence: true }),
  defineChannel("quotes", { mode: "latest", data: z.object({ id: z.string() }), key: ({ id }) => id }),
  defineChannel("signal:{name}", { mode: "signal", presence: true }),
  defineChannel("feed", { publishers: "server" }),
];

const log = {
  ...silentLog,
  error: (message: string, fields?: object) => {
    throw new Violation(`a mistake in the log: ${message} ${JSON.stringify(fields)}`);
  },
};

/** A frame behind each empty line; its commands stand on lines of their own. */
export const target: Target = {
  name: "sessions",
  shape: "json",
  files: ["server/src/session/", "server/src/dialects/open.ts", "server/src/dialects/centrifuge/", "server/src/hub/"],
  batch: 64,
  maxBytes: 16_384,
  seeds: [
    '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"news","join_leave":true}}\n\n{"id":3,"publish":{"channel":"news","data":1}}\n{"id":4,"history":{"channel":"news","limit":-1}}',
    '{"id":1,"connect":{"tide":{"window":4096}}}\n\n{"id":2,"subscribe":{"channel":"quotes","tide":{"rate":2}}}\n{"id":3,"rpc":{"method":"tide.publish","data":{"channel":"quotes","data":{"id":"a"}}}}\n\n{"mark":1}',
    '{"id":1,"connect":{}}\n\n{"id":2,"subscribe":{"channel":"signal:a"}}\n{"id":3,"rpc":{"method":"tide.pause","data":{"channel":"signal:a"}}}\n{"id":4,"rpc":{"method":"tide.resume","data":{"channel":"signal:a"}}}\n\n{"id":5,"unsubscribe":{"channel":"signal:a"}}\n{"id":6,"presence":{"channel":"signal:a"}}\n{"id":7,"presence_stats":{"channel":"signal:a"}}',
    '{"id":1,"connect":{"subs":{"news":{"recover":true,"epoch":"e","offset":3}}}}\n{"id":2,"subscribe":{"channel":"news","recover":true,"offset":0,"epoch":"x","flag":2}}\n{"send":{"data":1}}',
    '{"id":1,"connect":{}}\n\n{"id":2,"rpc":{"method":"m","data":1,"tide":{"timeout":5}}}\n{"id":3,"rpc":{"method":"tide.cancel","data":{"id":2}}}\n{"id":4,"rpc":{"method":"tide.remove","data":{"channel":"quotes","key":"a"}}}\n{"id":5,"refresh":{"token":"t"}}\n{"id":6,"sub_refresh":{"channel":"news","token":"t"}}',
  ],
  words: ["news", "quotes", "signal:a", "feed", "tide.publish", "tide.remove", "tide.rate", "tide.cancel"],
  async run(input) {
    const node = await FakeNode.start({ channels, log });
    const connection = node.centrifuge();
    for (const frame of Buffer.from(input).toString().split("\n\n").slice(0, 32)) {
      if (connection.ended !== null || connection.isHeld) break;
      connection.say(frame);
      await node.settle();
    }
    holds(
      connection.lines.every((line) => typeof line === "object"),
      "it said what is no object",
    );
    isSame(connection.strayWrites, 0, "writes to a connection that has ended");
    connection.opened?.closed(1006, "");
    await node.settle();
    await node.pass(31_000, 31_000);
    isSame([node.sessions.size, node.hub.subscriptions], [0, 0], "sessions and subscriptions that are left");
  },
};
