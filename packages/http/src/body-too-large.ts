import type { PolderError } from "@polder/model";
import { httpErrors } from "./errors.ts";

/** The error of a call that hands in more than the server takes. */
export function bodyTooLarge(bytesMax: number): PolderError {
  return httpErrors.BODY_TOO_LARGE(
    `The input has more than ${bytesMax} bytes, which is all that is taken. Nothing was done; hand in less at once.`,
    { bytesMax },
  );
}
