import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallAnswer } from "./call.ts";
import { POSITION_HEADER } from "./not-before.ts";
import { type ProblemDocument, problemMediaType, refusalProblem } from "./problem.ts";
import { hasBody } from "./read-body.ts";
import { writeRetryAfter } from "./retry-after.ts";

/** Both ends of one HTTP exchange. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Bytes of an unread body that are thrown away at most before its connection is closed. */
const LINGER_BYTES_MAX = 16_777_216;
/** How long that may take, in milliseconds. */
const LINGER_MS_MAX = 1_000;
/** Milliseconds after which it is worth to try a server again that is full or about to stop. */
const RETRY_AFTER_MS = 1_000;

/** Writes the answer of a call: 200 with JSON, 204 for nothing, or a problem document. */
export async function writeAnswer(
  exchange: Exchange,
  answer: CallAnswer,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  if (answer.kind === "failed") return writeProblem(exchange, answer.problem, headers);
  if (answer.kind === "refused") {
    const { refusal, details, trace } = answer;
    return writeProblem(exchange, refusalProblem(refusal, details, trace), headers);
  }
  const published = answer.position === undefined ? headers : { ...headers, [POSITION_HEADER]: answer.position };
  if (answer.output === null) return write(exchange, { status: 204, headers: published });
  const body = JSON.stringify(answer.output);
  return write(exchange, { status: 200, headers: { ...published, "content-type": "application/json" }, body });
}

/** Writes a problem document (RFC 9457). */
export async function writeProblem(
  exchange: Exchange,
  problem: ProblemDocument,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const retryAfterMs = problem.retryAfterMs ?? (problem.status === 503 ? RETRY_AFTER_MS : undefined);
  const retry = retryAfterMs === undefined ? {} : { "retry-after": writeRetryAfter(retryAfterMs) };
  const all = { ...retry, ...challenge(problem), ...headers, "content-type": problemMediaType };
  return write(exchange, { status: problem.status, headers: all, body: JSON.stringify(problem) });
}

/** What proves who calls, for one who has not proven it (RFC 9110, section 11.6.1). */
function challenge({ status, code }: ProblemDocument): Readonly<Record<string, string>> {
  if (status !== 401) return {};
  return { "www-authenticate": code.startsWith("CALLER_") ? "Polder-Caller" : "Bearer" };
}

interface Written {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function write({ incoming, outgoing }: Exchange, { status, headers, body = "" }: Written): Promise<void> {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const length = status === 204 ? {} : { "content-length": Buffer.byteLength(body) };
  if (incoming.complete || !hasBody(incoming)) {
    outgoing.writeHead(status, { ...headers, ...length });
    outgoing.end(body);
    return;
  }
  // A connection that is closed while its client still sends is reset, and the client may never see
  // the answer. So the answer goes out whole, the rest of the request is thrown away for a while,
  // and only then the connection is closed.
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, { ...headers, ...length });
  outgoing.write(body);
  await discardRest(incoming);
  outgoing.end();
}

function discardRest(incoming: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS_MAX);
  let bytes = 0;
  incoming.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES_MAX) resolve();
  });
  incoming
    .once("end", resolve)
    .once("close", resolve)
    .once("error", () => resolve());
  incoming.resume();
  return promise.finally(() => clearTimeout(timer));
}
