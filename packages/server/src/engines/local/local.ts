// The door "@tidewire/server/local": one log for several processes of one machine.
export { localEngine, type LocalEngineOptions } from "./local-engine.ts";
export { type LocalOwner, localOwner, type LocalOwnerOptions } from "./owner.ts";
