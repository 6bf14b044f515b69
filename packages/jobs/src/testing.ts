// What tests of job stores and workers share: the store contract as a suite.
export { jobStoreContract } from "./store/contract.ts";
export type { JobStoreHarness, JobStoreUnderTest } from "./store/trial.ts";
