export { busDomainSteps, busNeedSteps, busSystemSteps, neededEvents, ROWS_PER_PARTITION } from "./bus-steps.ts";
export { type CrashPoint, type CrashPointName, noCrash } from "./crash-point.ts";
export { busErrors } from "./errors.ts";
export { type BrowsedEvent, type BrowseOptions, browseEvents, findEvent, logHead } from "./log/browse.ts";
export {
  type EventSource,
  type GrowthSignal,
  growthSignal,
  type LoggedEvent,
  type Page,
  type PartRange,
  type Pending,
  type PendingRequest,
  type ReadRequest,
} from "./log/event-source.ts";
export { type Listening, listenForGrowth } from "./log/listen.ts";
export { postgresSource } from "./log/postgres-source.ts";
export { type SharedSourceOptions, sharedSource } from "./log/shared-source.ts";
export { type EventMajor, parkedMajor, type StoredMajor, storedMajor } from "./log/stored-major.ts";
export { channelOf } from "./names.ts";
export { type Pause, pauseFor } from "./pause.ts";
export { type AskedPosition, type LocatedPosition, locatePositions } from "./position/locate-positions.ts";
export {
  deploymentOf,
  type PositionToCome,
  type Publisher,
  positionOf,
  positionOfNow,
} from "./position/make-position.ts";
export { type Progress, subscriptionProgress, type WantedProgress } from "./position/subscription-progress.ts";
export { type Relay, type RelayOptions, startRelay } from "./relay/relay.ts";
export { type Beginning, beginSubscription } from "./subscription/begin.ts";
export type { StreamName } from "./subscription/checkpoints.ts";
export {
  discardDeadLetter,
  findDeadLetter,
  type LetterName,
  listDeadLetters,
  type ParkedLetter,
  retryDeadLetter,
} from "./subscription/dead-letters.ts";
export type { Delivered, Handled, HandleEvents } from "./subscription/deliver.ts";
export { type Presence, startPresence } from "./subscription/presence.ts";
export { planReplay, type ReplayFrom, type ReplayPlan, replay } from "./subscription/replay.ts";
export { runStream, type Stream, type StreamOptions } from "./subscription/run-stream.ts";
export { type SubscriptionStatus, subscriptionStatus } from "./subscription/status.ts";
