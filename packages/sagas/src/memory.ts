import { sagaErrors } from "./errors.ts";
import type { StepKind, StepMemory } from "./store.ts";

/** What is remembered of a saga's steps while its code runs. */
export interface Memory {
  readonly of: (name: string) => StepMemory | undefined;
  readonly all: () => readonly StepMemory[];
  readonly keep: (step: StepMemory) => void;
  /** A step as it is before it was ever tried; it comes after all others. */
  readonly fresh: (name: string, kind: StepKind) => StepMemory;
  /** Takes a name for a step of this run. Throws `SAGA_STEP_INVALID`. */
  readonly enter: (name: string) => void;
}

/** Makes a memory of what is stored. */
export function openMemory(stored: readonly StepMemory[]): Memory {
  const steps = new Map(stored.map((step) => [step.name, step]));
  const entered = new Set<string>();
  let position = stored.reduce((highest, step) => Math.max(highest, step.position), 0);
  return {
    of: (name) => steps.get(name),
    all: () => [...steps.values()],
    keep: (step) => void steps.set(step.name, step),
    fresh: (name, kind) => {
      position += 1;
      return { name, position, kind, state: "tried", attempts: 0, result: undefined, error: null };
    },
    enter: (name) => {
      if (typeof name !== "string" || !/^[\x20-\x7e]{1,100}$/.test(name) || entered.has(name)) {
        const why = entered.has(name) ? "stands twice in one saga" : "is no name of a step";
        throw sagaErrors.SAGA_STEP_INVALID(
          `The step ${JSON.stringify(name)} ${why}. A step has a name of its own, of 1 to 100 printable ASCII characters; in a loop, put the number into it.`,
          { step: String(name) },
        );
      }
      entered.add(name);
    },
  };
}
