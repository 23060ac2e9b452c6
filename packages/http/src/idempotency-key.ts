import { httpErrors, type OperationDetails } from "./errors.ts";

/** Characters of an idempotency key at most. */
const KEY_LENGTH_MAX = 200;

/** Printable ASCII; blanks not at the ends, where a header would lose them. */
const printable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Checks an idempotency key: 1 to 200 printable ASCII characters, no blank at either end.
 *
 * @throws `IDEMPOTENCY_KEY_INVALID` for any other text.
 */
export function checkKey(key: string, { api, operation }: OperationDetails): void {
  if (key.length <= KEY_LENGTH_MAX && printable.test(key)) return;
  throw httpErrors.IDEMPOTENCY_KEY_INVALID(
    `The idempotency key of ${api}.${operation} cannot be used: it must have 1 to ${KEY_LENGTH_MAX} printable ASCII ` +
      "characters, without a blank at either end. Nothing was done; take a UUID, for instance.",
    { api, operation },
  );
}
