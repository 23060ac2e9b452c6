import type { IncomingMessage } from "node:http";
import { bodyTooLarge } from "./body-too-large.ts";
import { httpErrors, type OperationDetails } from "./errors.ts";
import { overloaded } from "./gate.ts";

/** How many bytes all bodies that are being read may hold together. */
export interface BodyBudget {
  readonly bytesMax: number;
  bytes: number;
}

/** What limits the reading of one body, and for which operation it is read. */
export interface BodyLimits extends OperationDetails {
  readonly bytesMax: number;
  readonly budget: BodyBudget;
}

/** Says whether a request has a body at all (RFC 9112, section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Reads the body of a request, and no more of it than it may have, whatever its headers say.
 *
 * @throws `BODY_TOO_LARGE`, `OVERLOADED` when too much is being read at once, and `CALL_ABORTED`
 * when the client goes away in the middle. What is left of the body stays unread.
 */
export async function readBody(incoming: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const { bytesMax, budget } = limits;
  if (Number(incoming.headers["content-length"] ?? 0) > bytesMax) throw bodyTooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(incoming, limits)) {
      bytes += chunk.length;
      budget.bytes += chunk.length;
      if (bytes > bytesMax) throw bodyTooLarge(bytesMax);
      if (budget.bytes > budget.bytesMax) throw overloaded(`${budget.bytesMax} bytes of bodies at once`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    budget.bytes -= bytes;
  }
}

/** Ended early, it leaves the request open, so that it can still be answered. */
async function* chunksOf(incoming: IncomingMessage, { api, operation }: OperationDetails): AsyncGenerator<Buffer> {
  try {
    yield* incoming.iterator({ destroyOnReturn: false });
  } catch (cause) {
    const message = `The client went away before its request for ${api}.${operation} was complete. Nothing was done.`;
    throw httpErrors.CALL_ABORTED(message, { api, operation }, { cause });
  }
}
