// Randomness, as the server asks for it.
export { type Random, systemRandom } from "@tidewire/protocol/ports";
