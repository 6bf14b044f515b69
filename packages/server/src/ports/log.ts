// What the server tells its operator.
export { type Log, type LogFields, reasonOf, silentLog } from "@tidewire/protocol/ports";
