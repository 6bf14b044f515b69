// Tidewire as it comes, in memory, with history; limits on how many may connect are lifted.
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import type { Serve } from "./broadcaster.ts";

const most = 1_000_000;
const channel = defineChannel("bench:{id}", { publishers: "server" });

export const serveTidewire: Serve = async (server) => {
  const tide = createTidewire({
    channels: [channel],
    greetings: { "bench:0": "welcome" },
    limits: { connections: most, newPerSecond: most, admissionQueue: most },
  });
  tide.attach(server);
  await tide.start();
  const handle = tide.channel(channel, { id: "0" });
  // Rejected, it ends the process: a bench of a server that refuses is none.
  return (payload) => void handle.publish(payload).then(String);
};
