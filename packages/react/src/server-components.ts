// The door of @tidewire/react under the condition "react-server": the names, each of which says where it belongs.
import type * as door from "./index.ts";

/** Server components have no state, no effects and no socket, so nothing here can do what its name says. */
function only(name: string): () => never {
  return () => {
    throw new TypeError(
      `${name} of @tidewire/react works in client components, and was used in a server component: ` +
        `move what uses it to a file that begins with "use client"`,
    );
  };
}

// Not thrown by the import itself: a module that a server component shares with client components may name them.
export const TidewireProvider: typeof door.TidewireProvider = only("TidewireProvider");
export const useCall: typeof door.useCall = only("useCall");
export const useChannel: typeof door.useChannel = only("useChannel");
export const useClient: typeof door.useClient = only("useClient");
export const useConnection: typeof door.useConnection = only("useConnection");
export const useJob: typeof door.useJob = only("useJob");
export const useLatest: typeof door.useLatest = only("useLatest");
export const useLatestKey: typeof door.useLatestKey = only("useLatestKey");
export const useLatestKeys: typeof door.useLatestKeys = only("useLatestKeys");
export const useLog: typeof door.useLog = only("useLog");
export const useNewestCall: typeof door.useNewestCall = only("useNewestCall");
export const usePresence: typeof door.usePresence = only("usePresence");
