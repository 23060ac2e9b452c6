import { violated } from "@polder/contracts";
import {
  type ApiCore,
  type CallOptions,
  type Client,
  type Fallback,
  type Fallbacks,
  isPolderError,
  type Logger,
  type Operations,
  silentLogger,
  type User,
} from "@polder/model";
import { admitInput } from "./admit-input.ts";
import type { CallAnswer, CallTransport, OutgoingCall } from "./call.ts";
import { startDeadline } from "./deadline.ts";
import { checkKey } from "./idempotency-key.ts";
import { jsonTextOf } from "./json.ts";
import { checkNotBefore, positionsOf } from "./not-before.ts";
import { unknownVersion } from "./operation-table.ts";
import { readAnswer } from "./read-answer.ts";
import { fallBack } from "./resilience/fallback.ts";
import { inClientSpan } from "./tracing.ts";
import { unreachable } from "./unreachable.ts";
import { warnDeprecated } from "./warn-deprecated.ts";

/** Whose client it is, and how its calls travel. */
export interface ClientOptions<Ops extends Operations = Operations> {
  /** What carries the calls; one that wraps another adds retries, a breaker or a measure. */
  readonly transport: CallTransport;
  /** The domain that calls. */
  readonly caller?: string;
  /** Somebody from outside on whose behalf its calls are made. */
  readonly user?: User;
  /** How long a call may take that says nothing of it, in milliseconds. Default 5,000. */
  readonly deadlineMsDefault?: number;
  /** Milliseconds left of the call in whose course this client calls: none of its calls takes longer. */
  readonly deadline?: () => number | undefined;
  /** What the answers of its queries are not to be older than, beside what each call says: positions of commands. */
  readonly notBefore?: readonly string[];
  /** Gives its calls up when it aborts: that of the call in whose course this client calls. */
  readonly signal?: AbortSignal;
  /** Told of every call before anything else happens. What it throws, the call throws. */
  readonly onCall?: (call: OutgoingCall) => void;
  /** What answers queries whose call failed because of the other side; the outcome then has its code as `fallback`. */
  readonly fallbacks?: Fallbacks<Ops>;
  /** Told when a fallback answers, or fails, and once that the version is deprecated. Default: says nothing. */
  readonly logger?: Logger;
}

/**
 * Makes a typed client of one version of an API: a frozen object with a function for each operation.
 * An answer, or a refusal that the contract declares, is the function's result; unknown fields of it
 * are kept.
 *
 * The functions throw
 * - `CONTRACT_VIOLATED`, `IDEMPOTENCY_KEY_INVALID` and `POSITION_INVALID` before anything is sent,
 * - `CALL_DEADLINE_EXCEEDED` at the deadline, and `CALL_ABORTED` when the call's signal aborts,
 * - what the transport throws besides, such as `CALL_CIRCUIT_OPEN` and `CALL_BULKHEAD_FULL` of `resilientTransport`,
 * - `CALL_UNREACHABLE` when nobody answers, `ANSWER_INVALID` and `ANSWER_TOO_LARGE` for an answer that cannot be used,
 * - what the other side answered: a code of this package as itself, any other as `CALL_FAILED`, with
 *   `{ api, operation, problem }` as details.
 *
 * @throws `VERSION_UNKNOWN` when the API has no such version.
 */
export function createClient<A extends ApiCore, V extends keyof A["versions"] & string>(
  api: A,
  version: V,
  options: ClientOptions<A["versions"][V]>,
): Client<A["versions"][V]> {
  const operations = api.versions[version];
  if (operations === undefined) throw unknownVersion(api.name, version, Object.keys(api.versions));
  const functions = Object.entries(operations).map(([operation, declared]) => {
    const outgoing: OutgoingCall = { api: api.name, version, operation, declared };
    return [
      operation,
      (input: unknown, callOptions?: CallOptions) =>
        makeCall(outgoing, { ...options, contract: api }, { input, ...callOptions }),
    ];
  });
  return Object.freeze(Object.fromEntries(functions)) as Client<A["versions"][V]>;
}

const deadlineMsDefault = 5_000;

type OneCall = CallOptions & { readonly input: unknown };

async function makeCall(
  outgoing: OutgoingCall,
  options: ClientOptions & { readonly contract: ApiCore },
  one: OneCall,
): Promise<unknown> {
  options.onCall?.(outgoing);
  const { api, version, operation, declared } = outgoing;
  const { caller, user, transport, contract } = options;
  const ownMs = one.deadlineMs ?? options.deadlineMsDefault ?? deadlineMsDefault;
  const deadlineMs = Math.min(ownMs, options.deadline?.() ?? Number.POSITIVE_INFINITY);
  using deadline = startDeadline({ api, operation, deadlineMs, signals: [one.signal, options.signal] });
  return await inClientSpan(
    { api, version, operation, ...(caller === undefined ? {} : { caller }) },
    async (headers) => {
      if (one.key !== undefined) checkKey(one.key, outgoing);
      const notBefore = positionsOf(declared.kind === "query" ? options.notBefore : [], one.notBefore);
      if (notBefore.length > 0) checkNotBefore(notBefore, outgoing);
      const input = await deadline.race(inputToSend(outgoing, one.input));
      const request = {
        api,
        version,
        operation,
        input,
        ...(one.key === undefined ? {} : { key: one.key }),
        ...(caller === undefined ? {} : { caller }),
        ...(user === undefined ? {} : { user }),
        ...(notBefore.length === 0 ? {} : { notBefore }),
        headers,
      };
      const fallback = fallbackOf(outgoing, options);
      const parts = { fallback, input: fallback && structuredClone(input), logger: options.logger ?? silentLogger };
      const bounds = { deadlineMs: deadline.remainingMs(), signal: deadline.signal };
      try {
        const answer = await deadline.race(answerOf(transport, request, { ...bounds, declared }));
        const { deprecation: news } = answer;
        if (news !== undefined && options.logger !== undefined)
          warnDeprecated(contract, request, { news, logger: options.logger });
        return await readAnswer(outgoing, answer);
      } catch (error) {
        return await fallBack(error, outgoing, parts);
      }
    },
  );
}

function fallbackOf({ operation }: OutgoingCall, { fallbacks = {} }: ClientOptions): Fallback | undefined {
  return Object.hasOwn(fallbacks, operation) ? (fallbacks as Readonly<Record<string, Fallback>>)[operation] : undefined;
}

/**
 * What travels is a copy of what the caller handed in, with the defaults of the version that it was
 * written for. What a schema library would make of it beyond that is left to the server.
 */
async function inputToSend({ api, operation, declared }: OutgoingCall, input: unknown): Promise<unknown> {
  const what = `The input of ${api}.${operation}`;
  const copy: unknown = JSON.parse(jsonTextOf(input, what));
  const { violations } = await admitInput(declared, copy);
  if (violations.length > 0) throw violated(what, violations);
  return copy;
}

async function answerOf(transport: CallTransport, ...call: Parameters<CallTransport["call"]>): Promise<CallAnswer> {
  try {
    return await transport.call(...call);
  } catch (cause) {
    throw isPolderError(cause) ? cause : unreachable(call[0], cause);
  }
}
