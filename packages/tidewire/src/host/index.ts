// The door "tidewire/host": what a program that runs a server needs around it.
export { consoleLog } from "./console-log.ts";
export { developmentOptions, lobby, open } from "./development.ts";
export { endOnSignal } from "./end-on-signal.ts";
export { limitedServer } from "./http-server.ts";
export { failWith } from "./fail.ts";
export { keptSecret, makeApiKey } from "./kept-secret.ts";
export { type Listening, listen } from "./listen.ts";
export { usualNodeName } from "./node-name.ts";
export { portOwner } from "./port-owner.ts";
export { hostsFor, modeFor, readSecrets, SettingsError } from "./settings.ts";
export { expectedAddress, isSharedAddress, sharedEngine, shownAddress } from "./shared-engine.ts";
export { type StartFacts, startReport } from "./start-report.ts";
