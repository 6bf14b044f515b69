// The scenarios, by name.
import type { ScenarioName } from "../options.ts";
import { allCores } from "./all-cores.ts";
import { connect } from "./connect.ts";
import { dialects } from "./dialects.ts";
import { fanOut } from "./fan-out.ts";
import { fourViews } from "./four-views.ts";
import { idle } from "./idle.ts";
import { largeChannel } from "./large-channel.ts";
import { latest } from "./latest.ts";
import { manyChannels } from "./many-channels.ts";
import { manyConnections } from "./many-connections.ts";
import { onRedis } from "./on-redis.ts";
import { recoveryStorm } from "./recovery-storm.ts";
import type { Scenario } from "./scenario.ts";
import { slowReaders } from "./slow-readers.ts";
import { spreadCursors } from "./spread-cursors.ts";

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  "fan-out": fanOut,
  idle,
  connect,
  "slow-readers": slowReaders,
  "many-channels": manyChannels,
  "spread-cursors": spreadCursors,
  "four-views": fourViews,
  dialects,
  "large-channel": largeChannel,
  latest,
  "recovery-storm": recoveryStorm,
  "all-cores": allCores,
  "many-connections": manyConnections,
  redis: onRedis,
};
