// Members of a group, for tests and for the processes that they start.
import { Consumer } from "@platformatic/kafka";

/** One whose silence is noticed soon. */
export const consumerOf = (address: string, groupId: string): Consumer =>
  new Consumer({
    groupId,
    clientId: "tests",
    bootstrapBrokers: [address],
    sessionTimeout: 2_000,
    heartbeatInterval: 300,
    rebalanceTimeout: 3_000,
    // Little is read ahead, so that a broker is missed when it is away.
    maxBytes: 4_096,
    highWaterMark: 64,
  });
