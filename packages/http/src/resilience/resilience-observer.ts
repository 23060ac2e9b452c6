/**
 * How a circuit stands: calls go through (`closed`), calls fail at once (`open`), or the next calls show whether the
 * domain is back (`half open`). An open circuit is half open from the first call after its time on, not before.
 */
export type CircuitState = "closed" | "half open" | "open";

/** Is told what resilient calls do beside calling; `callee` is the domain that is called. What it throws breaks calls. */
export interface ResilienceObserver {
  /** A circuit has changed. */
  readonly circuit: (callee: string, state: CircuitState) => void;
  /** A call was not made, because as many as may be were under way and waiting. */
  readonly bulkheadFull: (callee: string) => void;
  /** A call is made once more. */
  readonly repeated: (callee: string) => void;
}

/** Does nothing. */
export const silentObserver: ResilienceObserver = {
  circuit: () => undefined,
  bulkheadFull: () => undefined,
  repeated: () => undefined,
};
