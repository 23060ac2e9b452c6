import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface SagaErrors {
  readonly SAGA_ABORTED: { readonly saga: string; readonly key: string; readonly reason: string };
  readonly SAGA_CODE_CHANGED: { readonly saga: string; readonly steps: readonly string[] };
  readonly SAGA_HANGS: { readonly saga: string; readonly timeoutMs: number };
  readonly SAGA_NOT_RUNNING: { readonly saga: string; readonly key: string; readonly state: string };
  readonly SAGA_STEP_FAILED: { readonly step: string; readonly attempts: number };
  readonly SAGA_STEP_INVALID: { readonly step: string };
  readonly SAGA_STEP_TIMED_OUT: { readonly step: string; readonly timeoutMs: number };
  readonly SAGA_UNANSWERED: { readonly saga: string; readonly key: string };
  readonly SAGA_UNKNOWN: { readonly domain: string; readonly saga: string; readonly key: string };
}

/** The errors of @polder/sagas. Each code has a page under `docs/errors`. */
export const sagaErrors: ErrorMakers<SagaErrors> = defineErrors<SagaErrors>({
  SAGA_ABORTED: "A saga was taken back",
  SAGA_CODE_CHANGED: "A saga's code does not know its own steps any more",
  SAGA_HANGS: "A saga waits for something outside its steps",
  SAGA_NOT_RUNNING: "A saga has ended already",
  SAGA_STEP_FAILED: "A step of a saga failed",
  SAGA_STEP_INVALID: "A step of a saga is not named well",
  SAGA_STEP_TIMED_OUT: "A step of a saga took too long",
  SAGA_UNANSWERED: "A saga ended without an answer",
  SAGA_UNKNOWN: "There is no such saga",
});
