import { type ApiCore, domainOf, isPolderError, type Logger, silentLogger } from "@polder/model";
import { admitInput, inputInvalid } from "./admit-input.ts";
import { concludeForCaller, raiseInput } from "./at-caller-version.ts";
import type { CallAnswer, CallBounds, CallRequest, Failed } from "./call.ts";
import { calleeFailure } from "./callee-failure.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { httpErrors } from "./errors.ts";
import type { AdmittedCall, ServedDomain } from "./execute.ts";
import { createGate } from "./gate.ts";
import { checkKey } from "./idempotency-key.ts";
import type { AdmitCaller } from "./identity/admit-callers.ts";
import { checkNotBefore } from "./not-before.ts";
import { createOperationTable, type Route, type ServedOperation } from "./operation-table.ts";
import { problemOf } from "./problem.ts";
import { reportDependencyFailure, reportFailure } from "./report-failure.ts";
import { statusOfCode } from "./status-of-code.ts";
import { inServerSpan } from "./tracing.ts";

/** What calls may cost the process that answers them. */
export interface DispatcherLimits {
  /** Longest time that a call may take, whatever its caller allows, in milliseconds. Default 30,000. */
  readonly deadlineMaxMs: number;
  /** Calls running at once. Default 1,000. */
  readonly inFlightMax: number;
  /** Bytes of an input as JSON. Default 1 MiB. Transports hold to it, before they read an input whole. */
  readonly inputBytesMax: number;
  /** Bytes of an answer as JSON. Default 8 MiB. */
  readonly answerBytesMax: number;
}

/** The limits of a dispatcher for which nothing else is said. */
export const dispatcherLimits: DispatcherLimits = {
  deadlineMaxMs: 30_000,
  inFlightMax: 1_000,
  inputBytesMax: 1_048_576,
  answerBytesMax: 8_388_608,
};

/** What is served, and how. */
export interface DispatcherOptions {
  readonly served: readonly ServedDomain[];
  /** Decides who may call what. Default: anybody anything. */
  readonly admit?: AdmitCaller;
  /** Default: says nothing. */
  readonly logger?: Logger;
  readonly limits?: Partial<DispatcherLimits>;
  /** Told of every call for an operation that is served here, when it has been answered. It must not throw. */
  readonly onServed?: (served: ServedCall) => void;
}

/** How a call that came here ended. */
export interface ServedCall extends Pick<CallRequest, "api" | "operation" | "version" | "caller"> {
  readonly answer: CallAnswer;
  readonly seconds: number;
}

/** What is known of a call whose input could not be read. */
export type UnreadCall = Omit<CallRequest, "input">;

/** Answers calls, whatever carried them here. */
export interface Dispatcher {
  /** The APIs that are served. */
  readonly apis: readonly ApiCore[];
  /** Every operation that is served, at each major version that lives. */
  readonly operations: readonly Route[];
  readonly limits: DispatcherLimits;
  /**
   * Answers a call; it never throws. The call's input is taken over. A handler that does not end is
   * answered for at the deadline, and counts as running until its executor settles.
   */
  readonly dispatch: (request: CallRequest, bounds?: Partial<CallBounds>) => Promise<CallAnswer>;
  /** Answers a call for an operation that is served here, but that its transport could not read. It never throws. */
  readonly refuse: (call: UnreadCall, error: unknown) => Promise<CallAnswer>;
  /**
   * Answers new calls with `SHUTTING_DOWN` from now on, and resolves when the running ones have
   * ended. When the signal aborts, their own signals abort as well and it resolves at once, with the
   * number of calls that are still running.
   */
  readonly drain: (options: { readonly signal: AbortSignal }) => Promise<number>;
}

/**
 * Makes the one way by which calls reach handlers: it finds the operation, holds the input to the
 * contract, keeps the deadline, has the handler run, and turns what goes wrong into problem documents.
 *
 * @throws `DECLARATION_INVALID` when two of the domains publish the same API.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { served, admit, logger = silentLogger, onServed } = options;
  const limits = { ...dispatcherLimits, ...options.limits };
  const table = createOperationTable(served);
  const gate = createGate(limits);

  const serve = async (running: RunningCall): Promise<CallAnswer> => {
    const leave = gate.enter();
    const work = perform(running, { limits, logger }).finally(leave);
    try {
      return await running.deadline.race(work);
    } catch (error) {
      if (error === running.deadline.signal.reason) reportGivenUp(running, work, logger);
      throw error;
    }
  };

  const traced = async (call: UnreadCall, run: () => Promise<CallAnswer>): Promise<CallAnswer> => {
    const { api, operation, version, caller } = call;
    const begunMs = performance.now();
    const answer = await inServerSpan(call, run);
    const seconds = (performance.now() - begunMs) / 1_000;
    onServed?.({ api, operation, version, ...(caller === undefined ? {} : { caller }), answer, seconds });
    return answer;
  };
  const dispatch = async (request: CallRequest, bounds: Partial<CallBounds> = {}): Promise<CallAnswer> => {
    try {
      const route = table.find(request);
      admit?.(request, route);
      const answer = await traced(request, async () => {
        const deadlineMs = Math.min(bounds.deadlineMs ?? limits.deadlineMaxMs, limits.deadlineMaxMs);
        const signals = [bounds.signal, gate.closed];
        using deadline = startDeadline({ api: route.api, operation: route.operation, deadlineMs, signals });
        const running = { route, request, deadline };
        return await serve(running).catch((error: unknown) => failureOf(error, running, logger));
      });
      return route.deprecation === undefined ? answer : { ...answer, deprecation: route.deprecation };
    } catch (error) {
      return failureOf(error, { request }, logger);
    }
  };

  const refuse: Dispatcher["refuse"] = (request, error) =>
    traced(request, async () => failureOf(error, { request }, logger));

  return { apis: table.apis, operations: table.operations, limits, dispatch, refuse, drain: gate.drain };
}

interface RunningCall {
  readonly route: ServedOperation;
  readonly request: CallRequest;
  readonly deadline: Deadline;
}

async function perform(
  running: RunningCall,
  { limits, logger }: { readonly limits: DispatcherLimits; readonly logger: Logger },
): Promise<CallAnswer> {
  const { route, request, deadline } = running;
  if (request.key !== undefined) checkKey(request.key, route);
  const { notBefore = [] } = request;
  if (notBefore.length > 0) checkNotBefore(notBefore, route);
  const { value, violations } = await admitInput(route.declared, request.input);
  if (violations.length > 0) throw inputInvalid(route, violations);
  deadline.signal.throwIfAborted();
  const admitted: Omit<AdmittedCall, "input"> = {
    version: request.version,
    asked: { operation: route.operation, major: route.major, input: value },
    ...(request.key === undefined ? {} : { key: request.key }),
    ...(request.caller === undefined ? {} : { caller: request.caller }),
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.permissions === undefined ? {} : { permissions: request.permissions }),
    ...(notBefore.length === 0 ? {} : { notBefore }),
    signal: deadline.signal,
    remainingMs: deadline.remainingMs,
    headers: request.headers,
    conclude: async (answer) => {
      // Whoever was told that the call took too long must not find it done by this very run.
      deadline.signal.throwIfAborted();
      const executed = await concludeForCaller(route, answer, limits.answerBytesMax);
      deadline.signal.throwIfAborted();
      return executed;
    },
  };
  try {
    return await execute(route, admitted, () => raiseInput(route, value, request));
  } catch (error) {
    if (!deadline.signal.aborted) return handlerFailure(error, running, logger);
    logger.debug("An operation ended with its call", { ...fieldsOf(request), error });
    throw deadline.signal.reason;
  }
}

async function execute(
  { handler, findAnswered, ...route }: ServedOperation,
  admitted: Omit<AdmittedCall, "input">,
  raise: () => Promise<unknown>,
): Promise<CallAnswer> {
  let input: unknown;
  try {
    input = await raise();
  } catch (error) {
    // What was answered stays answered, whatever a release since then makes of the input.
    const answered = admitted.key === undefined ? undefined : await findAnswered?.(handler, admitted);
    if (answered !== undefined) return answered;
    throw error;
  }
  admitted.signal.throwIfAborted();
  return await route.execute(handler, { ...admitted, input });
}

/** Errors of the call itself, before or beside its handler: their messages are written for callers. */
function failureOf(error: unknown, running: { readonly request: UnreadCall }, logger: Logger): Failed {
  if (!isPolderError(error) || statusOfCode(error.code) === undefined) return handlerFailure(error, running, logger);
  return { kind: "failed", problem: problemOf(error) };
}

/**
 * Errors out of a handler. The caller's mistakes in the call itself are found before the handler
 * runs; a code of this package that comes out of it is of a further call: that one's failure is told
 * by name, a mistake that the handler made in it is no caller's business.
 */
function handlerFailure(error: unknown, { request }: { readonly request: UnreadCall }, logger: Logger): Failed {
  const failure = { logger, what: `${request.api}.${request.operation}`, fields: fieldsOf(request) };
  const failed = calleeFailure(error);
  // No domain calls its own API, so what is about this operation itself came from no call.
  const isOfCall = failed !== undefined && domainOf(failed.api) !== domainOf(request.api);
  if (isOfCall) return { kind: "failed", problem: reportDependencyFailure(error, failed, { ...failure, request }) };
  const isForCaller =
    isPolderError(error) && (statusOfCode(error.code) ?? 500) < 500 && !Object.hasOwn(httpErrors, error.code);
  if (isForCaller) return { kind: "failed", problem: problemOf(error) };
  return { kind: "failed", problem: reportFailure(error, failure) };
}

function reportGivenUp({ request, deadline }: RunningCall, work: Promise<unknown>, logger: Logger): void {
  const reason: unknown = deadline.signal.reason;
  const fields = { ...fieldsOf(request), code: isPolderError(reason) ? reason.code : undefined };
  if (isPolderError(reason, "CALL_DEADLINE_EXCEEDED")) logger.warn("A call was given up at its deadline", fields);
  else logger.debug("A call was given up", fields);
  work.then(
    () => logger.warn("An operation went on after its call had been given up", fields),
    () => undefined,
  );
}

function fieldsOf({ api, operation, version, caller, user }: UnreadCall): Readonly<Record<string, unknown>> {
  const who = { ...(caller === undefined ? {} : { caller }), ...(user === undefined ? {} : { user: user.subject }) };
  return { domain: domainOf(api), api, operation, version, ...who };
}
