import type { Refused } from "@polder/model";

/** Thrown by `abort` through a saga's code. */
export class Aborted extends Error {
  readonly refused: Refused | undefined;

  constructor(why: string | Refused) {
    super(typeof why === "string" ? why : `refused: ${why.refusal}`);
    this.refused = typeof why === "string" ? undefined : why;
  }
}
