import { createHash } from "node:crypto";
import {
  type ApiCore,
  type Domain,
  GATEWAY,
  isPolderError,
  type Logger,
  majorOf,
  type PolderError,
  publishedApis,
  type User,
} from "@polder/model";
import { admitInput, inputInvalid } from "../admit-input.ts";
import type { CallAnswer, CallRequest, CallTransport } from "../call.ts";
import { type Deadline, startDeadline } from "../deadline.ts";
import { type Dispatcher, dispatcherLimits } from "../dispatcher.ts";
import { createGate } from "../gate.ts";
import { checkKey } from "../idempotency-key.ts";
import { checkNotBefore } from "../not-before.ts";
import { type Route, routesOf, unknownOperation } from "../operation-table.ts";
import { problemOf } from "../problem.ts";
import { reportFailure } from "../report-failure.ts";
import { statusOfCode } from "../status-of-code.ts";
import { inClientSpan, inServerSpan } from "../tracing.ts";

/** What is forwarded, and where to. */
export interface ForwardOptions {
  /** The domains whose APIs are open; of each operation its contract says to whom. */
  readonly domains: readonly Domain[];
  /** What carries calls to an API. */
  readonly findTransport: (api: ApiCore) => CallTransport;
  readonly logger: Logger;
}

/**
 * Makes a dispatcher that has each call answered by the domain that publishes the operation. It serves only operations
 * with an `access`, calls as the gateway on behalf of the user, and takes of the outside nothing but what the contract
 * and a trace parent say.
 */
export function forwardCalls({ domains, findTransport, logger }: ForwardOptions): Dispatcher {
  const limits = dispatcherLimits;
  const gate = createGate(limits);
  const apis = new Map(domains.flatMap(publishedApis).map((api) => [api.name, api]));
  const operations = [...apis.values()].flatMap(openRoutes);
  const routes = new Map(operations.map((route) => [`${route.api}.${route.operation} ${route.major}`, route]));
  const isOpen = new Set(operations.map(({ api }) => api));

  const forward = async (request: CallRequest, { route, deadline }: Forwarding): Promise<CallAnswer> => {
    const api = apis.get(route.api) as ApiCore;
    const leave = gate.enter();
    try {
      if (request.key !== undefined) checkKey(request.key, route);
      if (request.notBefore !== undefined) checkNotBefore(request.notBefore, route);
      const { violations } = await admitInput(route.declared, request.input);
      if (violations.length > 0) throw inputInvalid(route, violations);
      return await inClientSpan({ ...request, caller: GATEWAY }, async (trace) => {
        const inside = { ...request, ...keyOf(request), caller: GATEWAY, headers: { ...parentOf(request), ...trace } };
        const bounds = { deadlineMs: deadline.remainingMs(), signal: deadline.signal, declared: route.declared };
        return await deadline.race(findTransport(api).call(inside, bounds));
      });
    } finally {
      leave();
    }
  };
  const failed = (
    error: unknown,
    { api, operation, user }: Pick<CallRequest, "api" | "operation" | "user">,
  ): CallAnswer => {
    if (isForUser(error)) return { kind: "failed", problem: problemOf(error) };
    const fields = { api, operation, ...(user === undefined ? {} : { user: user.subject }) };
    return { kind: "failed", problem: reportFailure(error, { logger, what: `${api}.${operation}`, fields }) };
  };
  return {
    apis: [...apis.values()].filter(({ name }) => isOpen.has(name)),
    operations,
    limits,
    drain: gate.drain,
    refuse: async (call, error) => failed(error, call),
    dispatch: async (request, bounds = {}) => {
      const { api, operation } = request;
      const route = routes.get(`${api}.${operation} ${majorOf(request.version)}`);
      if (route === undefined) return failed(unknownOperation(`${api}.${operation}`, [...routes.keys()]), request);
      return await inServerSpan(request, async () => {
        const deadlineMs = Math.min(bounds.deadlineMs ?? limits.deadlineMaxMs, limits.deadlineMaxMs);
        using deadline = startDeadline({ api, operation, deadlineMs, signals: [bounds.signal, gate.closed] });
        try {
          const answer = await forward(request, { route, deadline });
          if (answer.kind !== "failed" || !isAboutGateway(answer.problem.code)) return answer;
          throw new Error(`the domain turned the gateway away: ${answer.problem.code} ${answer.problem.detail}`);
        } catch (error) {
          return failed(error, request);
        }
      });
    },
  };
}

interface Forwarding {
  readonly route: Route;
  readonly deadline: Deadline;
}

/** The operations of an API that the outside may call, at each major that lives. */
export function openRoutes(api: ApiCore): readonly Route[] {
  return routesOf(api).filter(({ declared }) => declared.access !== undefined);
}

/**
 * Keys of users are apart: who guesses the key of somebody else's command gets an answer of their own. Those of
 * unknown callers share one space.
 */
function keyOf({ key, user }: CallRequest): { readonly key?: string } {
  return key === undefined || user === undefined ? {} : { key: ownKey(key, user) };
}

function ownKey(key: string, { issuer, subject }: User): string {
  return createHash("sha256")
    .update(JSON.stringify([issuer, subject, key]))
    .digest("base64url");
}

/** Of a trace that began outside only its parent is taken: what else it carries is for the inside to say. */
function parentOf({ headers }: CallRequest): Readonly<Record<string, string>> {
  return headers["traceparent"] === undefined ? {} : { traceparent: headers["traceparent"] };
}

/** The gateway itself was not let in: nothing that a user could mend. */
function isAboutGateway(code: string): boolean {
  return code.startsWith("CALLER_") || code === "KEYS_UNAVAILABLE";
}

/** Whether an error of the way speaks to the user; one of the network names addresses that are nobody's business. */
function isForUser(error: unknown): error is PolderError {
  if (!isPolderError(error)) return false;
  const status = statusOfCode(error.code) ?? 500;
  return status < 500 || ["CALL_DEADLINE_EXCEEDED", "OVERLOADED", "SHUTTING_DOWN"].includes(error.code);
}
