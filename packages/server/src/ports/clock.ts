// Time, as the server asks for it: who below may, tools/layer-table.ts says.
export { type Cancel, type Clock, systemClock, toDate } from "@tidewire/protocol/ports";
