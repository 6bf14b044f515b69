// What tests of servers and engines share: the engine contract as a suite, and doubles of the ports.
export { FakeClock } from "./testing/fake-clock.ts";
