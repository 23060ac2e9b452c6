export type { SagaCrashPointName } from "./attempt.ts";
export { sagaErrors } from "./errors.ts";
export {
  abortSaga,
  listSagas,
  resumeSaga,
  type SagaDetails,
  type SagaName,
  type SagaStatus,
  type SagaStepStatus,
  showSaga,
} from "./repair.ts";
export { type RunningSagas, runSagas, type SagasOptions } from "./run-sagas.ts";
export { sagaDomainSteps } from "./saga-steps.ts";
export { type AnsweredSaga, type SagaAnswer, sagaAnswer, sagaNewsInsert, sagaStart } from "./start-saga.ts";
export type { HeldSaga, StoredEvent } from "./store.ts";
export type { LocalWork, SagaSeams } from "./work.ts";
