import { majorOf } from "@polder/model";
import type { CallAnswer, CallRequest, CallTransport, TransportOptions } from "./call.ts";
import { answerTooLarge } from "./conclude.ts";
import { readDeprecation } from "./deprecation-headers.ts";
import type { Authorize, OutgoingRequest } from "./identity/authenticate.ts";
import { NOT_BEFORE_HEADER, POSITION_HEADER } from "./not-before.ts";
import { readProblem } from "./problem.ts";
import { answerInvalid } from "./read-answer.ts";
import { readRetryAfter } from "./retry-after.ts";
import { unreachable } from "./unreachable.ts";
import { writeInput } from "./url-fields.ts";

/** Where the other side listens, and how to get there. */
export interface HttpTransportOptions {
  /** What stands before `/<api>/v<major>`, such as `http://inventory.internal:8080`. */
  readonly baseUrl: string;
  /** Proves to the other side who calls. Default: nothing is proven. */
  readonly authorize?: Authorize;
  /** Default: that of the runtime. */
  readonly fetch?: typeof globalThis.fetch;
  /** Bytes of an answer that are read at most. Default 8 MiB. */
  readonly answerBytesMax?: number;
}

/**
 * Carries calls over HTTP: method, path and query from the contract, the other fields as a JSON body,
 * and the deadline as `Polder-Deadline-Ms`, the milliseconds that are left, so that clocks need not agree.
 *
 * @throws TypeError when the base URL is none.
 */
export function httpTransport(options: HttpTransportOptions): CallTransport {
  const { authorize, fetch = globalThis.fetch, answerBytesMax = 8_388_608 } = options;
  const base = new URL(options.baseUrl).href.replace(/\/$/, "");
  const prefixLength = new URL(base).pathname.replace(/\/$/, "").length;
  return {
    call: async (request, callOptions) => {
      const { url, init } = writeRequest(request, callOptions);
      const send = async (proof: Proof): Promise<CallAnswer> => {
        const headers = { ...init.headers, ...proof };
        const { text, deprecation, ...received } = await exchange(request, callOptions.signal, async () => {
          const response = await fetch(base + url, { ...init, headers });
          const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
          const deprecation = readDeprecation(response.headers);
          const position = response.headers.get(POSITION_HEADER) ?? undefined;
          const text = await readText(response, answerBytesMax);
          return { status: response.status, retryAfterMs, deprecation, position, text };
        });
        if (text === undefined) throw answerTooLarge(request, answerBytesMax);
        const answer = readReceived(request, { ...received, text });
        return deprecation === undefined ? answer : { ...answer, deprecation };
      };
      if (authorize === undefined) return await send({});
      // As it will stand on the request line: the runtime encodes what a URL may not have.
      const { pathname, search } = new URL(base + url);
      const proven = outgoing(request, { url: pathname.slice(prefixLength) + search, init });
      const proof = await authorize(proven);
      const answer = await send(proof);
      if (answer.kind !== "failed" || answer.problem.code !== "CALLER_KEY_UNKNOWN") return answer;
      // It was turned away at the door, so nothing has happened yet.
      const other = await authorize(proven, proof);
      return Object.keys(other).length === 0 ? answer : await send(other);
    },
  };
}

type Proof = Readonly<Record<string, string>>;

async function exchange<Received>(
  request: CallRequest,
  signal: AbortSignal,
  run: () => Promise<Received>,
): Promise<Received> {
  try {
    return await run();
  } catch (cause) {
    throw signal.aborted ? signal.reason : unreachable(request, cause);
  }
}

interface WrittenRequest {
  readonly url: string;
  readonly init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  } & RequestInit;
}

function outgoing(request: CallRequest, { url, init }: WrittenRequest): OutgoingRequest {
  const { api, version, operation, caller, user, key } = request;
  return { api, version, operation, caller, user, key, method: init.method, url, body: init.body ?? "" };
}

function writeRequest(request: CallRequest, { declared, deadlineMs, signal }: TransportOptions): WrittenRequest {
  const { url, body } = writeInput(declared, request.input as Readonly<Record<string, unknown>>);
  const hasBody = declared.kind === "command" && (declared.method !== "DELETE" || Object.keys(body).length > 0);
  const headers = {
    ...request.headers,
    accept: "application/json, application/problem+json",
    "polder-version": request.version,
    "polder-deadline-ms": String(Math.max(0, Math.ceil(deadlineMs))),
    ...(request.key === undefined ? {} : { "idempotency-key": request.key }),
    ...(request.notBefore === undefined ? {} : { [NOT_BEFORE_HEADER]: request.notBefore.join(", ") }),
    ...(hasBody ? { "content-type": "application/json" } : {}),
  };
  return {
    url: `/${request.api}/v${majorOf(request.version)}${url}`,
    // An API does not move: a redirect is an answer from somebody else.
    init: {
      method: declared.method,
      headers,
      signal,
      redirect: "manual",
      ...(hasBody ? { body: JSON.stringify(body) } : {}),
    },
  };
}

/** The body as text, or nothing when it is too large; the rest is not read then. */
async function readText(response: Response, bytesMax: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Gateways answer so when nobody behind them may or does (RFC 6585, section 4; RFC 9110, sections 15.6.3 to 15.6.5). */
const gatewayStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

interface Received {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
  readonly position: string | undefined;
}

function readReceived(request: CallRequest, { status, text, retryAfterMs, position }: Received): CallAnswer {
  const published = position === undefined ? {} : { position };
  if (status === 204) return { kind: "answered", output: null, ...published };
  const json = parsed(text);
  if (status >= 200 && status < 300) {
    if (json !== undefined) return { kind: "answered", output: json.value, ...published };
    throw answerInvalid(request, [{ pointer: "", problem: "is no JSON" }]);
  }
  const problem = readProblem(json?.value);
  if (problem?.refusal !== undefined) return { kind: "refused", refusal: problem.refusal, details: problem.details };
  // The body may say it to the millisecond.
  if (problem !== undefined)
    return { kind: "failed", problem: { ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...problem } };
  if (gatewayStatuses.has(status)) throw unreachable(request, `a gateway answered with status ${status}`, retryAfterMs);
  throw answerInvalid(request, [{ pointer: "", problem: `has status ${status} and is no problem document of Polder` }]);
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
