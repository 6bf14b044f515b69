// A board for pointers. Nothing of it is kept: what is newest is all there is.
import type { Server } from "node:http";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { board, person } from "./channels.ts";

export function serve(server: Server): Tidewire {
  const tide = createTidewire({
    channels: [board],
    access: {
      connect: ({ data }) => {
        const { success, data: info } = person.safeParse(data);
        return success ? { user: "", info } : null;
      },
      // Who points is among those who are shown.
      publish: ({ isSubscribed }) => isSubscribed,
    },
  });
  tide.attach(server);
  return tide;
}
