import { type OperationConversion, operationConversion } from "@polder/contracts";
import {
  type ApiCore,
  type Deprecation,
  deprecationOf,
  type Handler,
  livingMajors,
  majorOf,
  type Operation,
  type PolderError,
  publishedApis,
  refuseProblems,
  sortedVersions,
} from "@polder/model";
import { httpErrors } from "./errors.ts";
import type { ServedDomain } from "./execute.ts";

/** An operation of one major of an API, and where it is served. */
export interface Route {
  readonly api: string;
  readonly major: number;
  /** The newest version of the major: what its callers are held to. */
  readonly version: string;
  readonly operation: string;
  readonly method: Operation["method"];
  /** With parameters as `:name`: `/inventory/v1/availability/:sku`. */
  readonly path: string;
  readonly declared: Operation;
  /** Every version of the API that is served. */
  readonly living: readonly string[];
  /** That the major is about to go. */
  readonly deprecation?: Deprecation;
}

/** A route and the code behind it. */
export interface ServedOperation extends Route {
  /** Answers for the newest version. */
  readonly handler: Handler;
  readonly execute: ServedDomain["execute"];
  readonly findAnswered: ServedDomain["findAnswered"];
  /** Stands between the callers and the handler, where they are of an older major. */
  readonly conversion?: OperationConversion;
}

/** Every operation of the served domains. */
export interface OperationTable {
  readonly apis: readonly ApiCore[];
  readonly operations: readonly ServedOperation[];
  /**
   * Finds who answers a call. A caller at another minor is served by the newest of its major.
   *
   * @throws `OPERATION_UNKNOWN`, `VERSION_RETIRED` or `VERSION_UNKNOWN`, which name what lives.
   */
  readonly find: (wanted: {
    readonly api: string;
    readonly version: string;
    readonly operation: string;
  }) => ServedOperation;
}

interface ServedApi {
  readonly api: ApiCore;
  readonly majors: ReadonlyMap<number, ReadonlyMap<string, ServedOperation>>;
}

/**
 * Lists every operation of the served domains, at each major that lives.
 *
 * @throws `DECLARATION_INVALID` when two of them publish the same API.
 */
export function createOperationTable(served: readonly ServedDomain[]): OperationTable {
  const apis = new Map<string, ServedApi>();
  for (const { implementation, execute, findAnswered } of served) {
    for (const api of publishedApis(implementation.domain)) {
      const twice = apis.has(api.name) ? [{ place: implementation.domain.name, problem: "is published twice" }] : [];
      refuseProblems(`the API "${api.name}"`, twice);
      apis.set(api.name, servedApi(api, implementation.apis[api.name] ?? {}, { execute, findAnswered }));
    }
  }
  return {
    apis: [...apis.values()].map(({ api }) => api),
    operations: [...apis.values()].flatMap(({ majors }) =>
      [...majors.values()].flatMap((found) => [...found.values()]),
    ),
    find: ({ api: name, version, operation }) => {
      const found = apis.get(name);
      if (found === undefined) throw unknownOperation(`${name}.${operation}`, [...apis.keys()]);
      const operations = found.majors.get(majorOf(version));
      if (operations === undefined) throw missingVersion(found.api, version);
      const known = operations.get(operation);
      if (known === undefined) throw unknownOperation(`${name}.${operation}`, [...operations.keys()]);
      return known;
    },
  };
}

/** The routes of an API at each major that lives, with what stands between its callers and the newest version. */
export function routesOf(api: ApiCore): readonly (Route & Pick<ServedOperation, "conversion">)[] {
  const living = sortedVersions(api.versions);
  return livingMajors(api.versions).flatMap(({ major, newest: version }) => {
    const deprecation = deprecationOf(api, major);
    const said = deprecation === undefined ? {} : { deprecation };
    return Object.entries(api.versions[version] ?? {}).flatMap(([operation, declared]) => {
      const { method } = declared;
      const path = `/${api.name}/v${major}${declared.path}`;
      const route = { api: api.name, major, version, operation, method, path, declared, living, ...said };
      if (version === api.newest) return [route];
      const conversion = operationConversion(api, major, operation);
      return conversion === undefined ? [] : [{ ...route, conversion }];
    });
  });
}

function servedApi(
  api: ApiCore,
  handlers: Readonly<Record<string, Handler>>,
  executing: Pick<ServedOperation, "execute" | "findAnswered">,
): ServedApi {
  const majors = new Map<number, Map<string, ServedOperation>>();
  for (const { major } of livingMajors(api.versions)) majors.set(major, new Map());
  for (const route of routesOf(api)) {
    const handler = handlers[route.conversion?.operation ?? route.operation];
    if (handler !== undefined) majors.get(route.major)?.set(route.operation, { ...route, handler, ...executing });
  }
  return { api, majors };
}

/** The error of a call at a version of an API that is not served: not yet, never, or no longer. */
export function missingVersion(api: ApiCore, version: string): PolderError {
  const living = sortedVersions(api.versions);
  const major = Number.parseInt(version.replace(/^v/, ""), 10);
  const isAlive = living.some((one) => majorOf(one) === major);
  const retired = isAlive ? undefined : deprecationOf(api, major);
  if (retired === undefined) return unknownVersion(api.name, version, living);
  const since = retired.sunset === undefined ? "" : ` since ${retired.sunset}`;
  return httpErrors.VERSION_RETIRED(
    `"${api.name}" is no longer served at version ${version}${since}: ${retired.notice} Living are ${living.join(", ")}; call at one of these.`,
    { api: api.name, version, living, notice: retired.notice },
  );
}

/** The error of a call for something that nobody serves; it names what is served instead. */
export function unknownOperation(wanted: string, served: readonly string[]): PolderError {
  const list = served.length === 0 ? "nothing" : served.slice(0, SERVED_LISTED_MAX).join(", ");
  return httpErrors.OPERATION_UNKNOWN(
    `Nobody here serves ${wanted}; served are: ${list}. Correct the name, or call where it is served.`,
    { wanted },
  );
}

/** The error of a call at a major version that is not served. */
export function unknownVersion(api: string, version: string, living: readonly string[]): PolderError {
  return httpErrors.VERSION_UNKNOWN(
    `"${api}" is not served at version ${version}; living are ${living.join(", ")}. Call at one of these.`,
    { api, version, living },
  );
}

/** Names that a message lists at most. */
const SERVED_LISTED_MAX = 20;
