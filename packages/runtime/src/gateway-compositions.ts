import { operationConversion } from "@polder/contracts";
import {
  type CallTransport,
  createDispatcher,
  type Dispatcher,
  localTransport,
  type Route,
  requireAccess,
  type ServedCall,
  type ServedDomain,
  type WantedOperation,
} from "@polder/http";
import {
  type Composition,
  type Domain,
  declaredNeed,
  GATEWAY,
  type Implementation,
  isComposition,
  type Logger,
  livingMajors,
  majorOf,
  type Problem,
  publishedApis,
  refuseProblems,
} from "@polder/model";
import { compose } from "@polder/reading";
import { type CallDesk, tellingServed } from "./call-desk.ts";
import { callsOf, withReserve } from "./domain/calls.ts";
import { withFields } from "./logger.ts";
import { type HostObserver, missingIn, timedHandler } from "./observe/host-observer.ts";
import { inSpan } from "./tracing.ts";
import { doing } from "./work-at-hand.ts";

/** What {@link openGatewayCompositions} needs. */
export interface GatewayCompositionsOptions {
  /** The domains whose compositions are answered, as they are now. */
  readonly implementations: readonly Implementation[];
  readonly desk: CallDesk;
  readonly observer: HostObserver;
  /** Told of every call that was answered. */
  readonly onUsed: (call: ServedCall) => void;
  readonly logger: Logger;
}

/**
 * Compositions that the gateway of a process answers itself, whether or not their domains run anywhere. Their sources are
 * called as the gateway and on behalf of the user, who must be allowed to see each of them.
 */
export interface GatewayCompositions {
  /** Says whether compositions of a domain are answered here. */
  readonly has: (domain: string) => boolean;
  /** Answers compositions, and hands every other call on to another transport. */
  readonly before: (other: CallTransport) => CallTransport;
  /**
   * Refuses an implementation of one of the domains whose compositions could not be answered.
   *
   * @throws `DECLARATION_INVALID` with every query that is not open to the outside.
   */
  readonly require: (implementation: Implementation) => void;
  /** From now on an implementation counts, if it is of one of the domains; calls under way end where they began. */
  readonly replace: (implementation: Implementation) => void;
}

/**
 * Opens the compositions of some domains at the gateway.
 *
 * @throws `DECLARATION_INVALID` with every query that is asked and not open to the outside.
 */
export function openGatewayCompositions(options: GatewayCompositionsOptions): GatewayCompositions {
  const { implementations } = options;
  const all = new Map(implementations.map((implementation) => [implementation.domain.name, implementation]));
  refuseProblems(subject, implementations.flatMap(openingProblems));
  let { dispatcher, routes } = serving(implementations, options);
  return {
    has: (domain) => all.has(domain),
    before: (other) => ({
      call: (request, bounds) => {
        const { api, operation, version } = request;
        const isHere = routes.has(routeName({ api, operation, major: majorOf(version) }));
        return (isHere ? localTransport(dispatcher) : other).call(request, bounds);
      },
    }),
    require: (implementation) => {
      if (all.has(implementation.domain.name)) refuseProblems(subject, openingProblems(implementation));
    },
    replace: (implementation) => {
      if (!all.has(implementation.domain.name)) return;
      all.set(implementation.domain.name, implementation);
      ({ dispatcher, routes } = serving([...all.values()], options));
    },
  };
}

const subject = "the compositions of the gateway";

interface Serving {
  readonly dispatcher: Dispatcher;
  /** By each operation that it answers, at each major: what a user must be allowed to see. */
  readonly routes: ReadonlyMap<string, readonly WantedOperation[]>;
}

function serving(implementations: readonly Implementation[], options: GatewayCompositionsOptions): Serving {
  const served = implementations.map((implementation) => servedHere(implementation, options));
  const routes = new Map(
    implementations.flatMap((implementation) =>
      composedRoutes(implementation).map(({ route, composition }) => {
        const required = partsOf(implementation.domain, composition).filter(({ isOptional }) => !isOptional);
        return [routeName(route), required.map(({ wanted }) => wanted)] as const;
      }),
    ),
  );
  const { observer, onUsed, logger } = options;
  const dispatcher = createDispatcher({
    served,
    logger,
    // Who may not see a required part may not see the whole; what is optional is then missing, as its own call says.
    admit: (request, route) => {
      for (const wanted of routes.get(routeName(route)) ?? []) requireAccess(wanted, request);
    },
    onServed: tellingServed(served, { onServed: observer.served, onUsed }),
  });
  return { dispatcher, routes };
}

/** An operation that a composition answers. */
interface ComposedRoute {
  readonly route: Pick<Route, "api" | "operation" | "major">;
  readonly isOpen: boolean;
  readonly composition: Composition;
}

/** The operations that compositions of a domain answer, at each major that lives. */
function composedRoutes(implementation: Implementation): readonly ComposedRoute[] {
  const compositions = compositionsOf(implementation);
  return publishedApis(implementation.domain).flatMap((api) =>
    livingMajors(api.versions).flatMap(({ major, newest }) =>
      Object.entries(api.versions[newest] ?? {}).flatMap(([operation, { access }]) => {
        const answers = newest === api.newest ? operation : operationConversion(api, major, operation)?.operation;
        const composition = compositions[api.name]?.[answers ?? ""];
        const route = { api: api.name, operation, major };
        return composition === undefined ? [] : [{ route, composition, isOpen: access !== undefined }];
      }),
    ),
  );
}

function routeName({ api, operation, major }: Pick<Route, "api" | "operation" | "major">): string {
  return `${api}.${operation} ${major}`;
}

/** Serves the compositions of a domain and nothing else of it. */
function servedHere(
  implementation: Implementation,
  { desk, observer, logger }: GatewayCompositionsOptions,
): ServedDomain {
  const { domain } = implementation;
  const log = withFields(logger, { domain: domain.name });
  return {
    implementation: { ...implementation, apis: compositionsOf(implementation) },
    execute: async (handler, call) => {
      const composition = handler as Composition;
      const { user, permissions, signal, remainingMs } = call;
      const who = { ...(user === undefined ? {} : { user }), ...(permissions === undefined ? {} : { permissions }) };
      const work = { domain: domain.name, handler: `${handler.api}.${handler.operation}` };
      const run = async () =>
        await compose(composition, {
          input: call.input,
          call: callsOf({
            domain,
            caller: GATEWAY,
            // As a domain's own compositions do: they may still ask when the process takes no new calls any more.
            findTransport: desk.findTransport,
            isInTransaction: () => false,
            admit: (outgoing) => requireAccess(asOpened(domain, outgoing), who),
            remainingMs,
            user,
            signal,
            logger: log,
            onMade: observer.metrics?.made,
          }),
          deadlineMs: withReserve(remainingMs()),
          signal,
          log,
          onMissing: missingIn(composition, observer),
        });
      return await inSpan(`handle ${work.handler}`, { "polder.domain": domain.name }, () =>
        doing(work, () => timedHandler(observer.handled, work, async () => await call.conclude(await run()))),
      );
    },
  };
}

/** The compositions of a domain, by API and operation. */
function compositionsOf({ apis }: Implementation): Readonly<Record<string, Readonly<Record<string, Composition>>>> {
  const found = Object.entries(apis).map(([api, handlers]) => [
    api,
    Object.fromEntries(Object.entries(handlers).filter(([, handler]) => isComposition(handler))),
  ]);
  return Object.fromEntries(found) as ReturnType<typeof compositionsOf>;
}

/** What keeps the gateway from answering the compositions of a domain: that it could not ask what they ask. */
function openingProblems(implementation: Implementation): readonly Problem[] {
  const { domain } = implementation;
  const open = composedRoutes(implementation).filter(({ isOpen }) => isOpen);
  if (open.length === 0) {
    const problem = "has no composition that is open to the outside; give one an access in its contract";
    return [{ place: domain.name, problem }];
  }
  return [...new Set(open.map(({ composition }) => composition))].flatMap((composition) =>
    partsOf(domain, composition)
      .filter(({ wanted }) => wanted.declared.access === undefined)
      .map(({ place, wanted: { api, operation } }) => ({
        place: `${composition.api}.${composition.operation} ${place}`,
        problem: `asks ${api}.${operation}, which is not open to the outside, so the gateway may not call it; give it an access in its contract`,
      })),
  );
}

interface AskedPart {
  /** In the declaration of the composition. */
  readonly place: string;
  readonly wanted: WantedOperation;
  readonly isOptional: boolean;
}

function partsOf(domain: Domain, { composition: { sources, joins } }: Composition): readonly AskedPart[] {
  const parts = [
    ...Object.entries(sources).map(([name, part]) => [`sources.${name}`, part] as const),
    ...Object.entries(joins).map(([name, part]) => [`joins.${name}`, part] as const),
  ];
  return parts.map(([place, { query, optional = false }]) => ({
    place,
    wanted: asOpened(domain, query),
    isOptional: optional,
  }));
}

/** A query that a domain needs, as whoever asks for it at the gateway is held to it: by the newest version of the major. */
function asOpened(domain: Domain, { api, operation }: Pick<WantedOperation, "api" | "operation">): WantedOperation {
  const { contract, version = "" } = declaredNeed(domain, api) ?? {};
  const versions = contract?.kind === "api" ? contract.versions : {};
  const newest = livingMajors(versions).find(({ major }) => major === majorOf(version))?.newest ?? version;
  return { api, operation, declared: versions[newest]?.[operation] ?? {} };
}
