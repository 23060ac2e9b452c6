export { type Access, accessProblems } from "./access.ts";
export { type Aggregate, aggregate } from "./aggregate.ts";
export {
  type AnyApi,
  type Api,
  type ApiCore,
  type ApiShape,
  type ApiVersions,
  api,
  type OperationRef,
  type Operations,
} from "./api.ts";
export { type Backoff, waitAfter } from "./backoff.ts";
export {
  type Composed,
  type ComposingContext,
  type Composition,
  type CompositionShape,
  composition,
  isComposition,
  type Joined,
  type JoinItem,
  type JoinKey,
  type Missing,
  type NeededOperation,
  type NeededQuery,
  type PublishedQuery,
} from "./composition.ts";
export type {
  AskedQuery,
  AskingOptions,
  CompositionJoin,
  CompositionPlan,
  CompositionSource,
  DeclaredJoin,
  DeclaredPlan,
  DeclaredSource,
} from "./composition-plan.ts";
export {
  type AnyApiConverters,
  type AnyConverter,
  type AnyEventConverter,
  type AnyEventConverters,
  type AnyOperationConverter,
  type ApiConverters,
  type Convert,
  type Converter,
  cannotConvert,
  convertOf,
  type EventConverters,
  isUnconvertible,
  type Lossy,
  lossOf,
  type OlderRefusal,
  type OperationConverter,
  type Unconvertible,
} from "./converter.ts";
export type { Copied } from "./copies-problems.ts";
export { type Deprecation, type Deprecations, deprecationOf, momentOf } from "./deprecation.ts";
export {
  type Domain,
  type DomainShape,
  declaredNeed,
  domain,
  type NeededApi,
  type NeededEvent,
  type NeededVersion,
  type PublishedApi,
  type PublishedEvent,
  type PublishedOperation,
  publishedApis,
  publishedEvent,
} from "./domain.ts";
export { modelErrors } from "./errors.ts";
export { type AnyEvent, type Event, type EventKey, type EventShape, type EventVersions, event } from "./event.ts";
export {
  type Call,
  type CallOptions,
  type Client,
  type ClientOf,
  type CommandContext,
  type Handler,
  type HandlerAnswer,
  type HandlerContext,
  type HandlerOptions,
  handler,
  type OperationContext,
  type QueryContext,
} from "./handler.ts";
export { type ApiHandlers, type Implementation, type ImplementationShape, implement } from "./implementation.ts";
export type { Batch, Paging } from "./many-at-once.ts";
export {
  copyNameProblems,
  domainNameProblems,
  domainOf,
  eventNameProblems,
  GATEWAY,
  operationNameProblems,
  REGISTRY,
  schemaName,
  subscriptionNameProblems,
} from "./name.ts";
export {
  type ApiNeedOptions,
  type Contract,
  type Fallback,
  type Fallbacks,
  type Need,
  type NeedOptions,
  need,
} from "./need.ts";
export {
  type CommandMethod,
  command,
  type NoInput,
  type NoOutput,
  type Operation,
  type OperationShape,
  pathParameters,
  type Query,
  type QueryShape,
  query,
  type Refusals,
} from "./operation.ts";
export type { Outcome, Refuse, Refused, RefusedOutcome } from "./outcome.ts";
export {
  defineErrors,
  type ErrorMaker,
  type ErrorMakers,
  isPolderError,
  PolderError,
  type PolderErrorOptions,
} from "./polder-error.ts";
export { POSITION_KEYS_MAX, type Position, readPosition, writePosition } from "./position.ts";
export { describeProblems, type Problem, refuseProblems } from "./problems.ts";
export {
  type BatchProjection,
  type EachProjection,
  type ProjectionBatchContext,
  type ProjectionContext,
  type ReadModel,
  type ReadModelOptions,
  type ReadModelShape,
  readModel,
} from "./read-model.ts";
export {
  type Change,
  type Columns,
  type ColumnType,
  type Gone,
  gone,
  type Replica,
  type ReplicaShape,
  type RowOf,
  replica,
} from "./replica.ts";
export { type LogFields, type Logger, silentLogger } from "./runtime.ts";
export {
  type LocalStep,
  type LocalStepContext,
  type OutsideStep,
  type OutsideStepContext,
  type Saga,
  type SagaContext,
  type SagaOptions,
  type SagaShape,
  type StepContext,
  saga,
  type UndoContext,
} from "./saga.ts";
export type { SagaAnswers, SagaInput, SagaRef, Started } from "./saga-ref.ts";
export {
  type AnySchema,
  type JsonSchema,
  jsonSchemaOf,
  type Schema,
  type SchemaInput,
  type SchemaOutput,
  type SchemaSide,
} from "./schema.ts";
export { itemOf } from "./schema-fields.ts";
export {
  type BatchContext,
  batchSubscription,
  type DeliveredEvent,
  type DeliveryContext,
  type NeededDelivery,
  type OutsideContext,
  outsideSubscription,
  type Subscription,
  type SubscriptionMode,
  type SubscriptionOptions,
  subscription,
} from "./subscription.ts";
export { type Team, team } from "./team.ts";
export type { EventInput, QueryResult, Reader, Rows, Transaction } from "./transaction.ts";
export type { User } from "./user.ts";
export {
  compareVersions,
  isVersion,
  type LivingMajor,
  livingMajors,
  majorOf,
  type Newest,
  newestVersion,
  type PreviousVersion,
  type RaisingVersion,
  sortedVersions,
  type Version,
  versionParts,
} from "./version.ts";
