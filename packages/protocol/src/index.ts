// The door of @tidewire/protocol: the words a server and its clients share.
export {
  type CallDefinition,
  type CallShape,
  defineCall,
  type GivenOf,
  type InputOf,
  type ResultOf,
  type ReturnedOf,
} from "./call.ts";
export {
  type ChannelDefinition,
  type ChannelMode,
  type ChannelOptions,
  type ChannelShape,
  type DataOf,
  defineChannel,
  type InfoOf,
  type RecoveryMode,
  type Rate,
  type Retention,
} from "./channel.ts";
export { channelNameProblem, maxChannelNameBytes, type ParamsOf } from "./channel-name.ts";
export {
  type CloseReasonName,
  closeReasons,
  mayReconnect,
  type RequestErrorName,
  requestErrors,
  type UnsubscribeReasonName,
  unsubscribeReasons,
} from "./codes.ts";
export { type ApplicationErrorCode, fail, type ReceivedError, TidewireError } from "./error.ts";
export { defineJob, jobChannel, type JobDefinition, type JobEvent, type JobShape, type JobShapeOf } from "./job.ts";
export type { Member, Position, SessionId } from "./publication.ts";
export {
  describeIssues,
  type OutputOf,
  type SchemaIssue,
  type StandardSchema,
  type TakenBy,
} from "./standard-schema.ts";
