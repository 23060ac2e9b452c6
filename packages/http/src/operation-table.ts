import {
  type ApiCore,
  compareVersions,
  type Handler,
  isVersion,
  type Operation,
  type PolderError,
  publishedApis,
  refuseProblems,
  versionParts,
} from "@polder/model";
import { httpErrors } from "./errors.ts";
import type { Execute, ServedDomain } from "./execute.ts";

/** An operation that is served, and where. */
export interface Route {
  readonly api: string;
  readonly major: number;
  /** The version that handlers serve: the newest. */
  readonly version: string;
  readonly operation: string;
  readonly method: Operation["method"];
  /** With parameters as `:name`: `/inventory/v1/availability/:sku`. */
  readonly path: string;
  readonly declared: Operation;
}

/** A route and the code behind it. */
export interface ServedOperation extends Route {
  readonly handler: Handler;
  readonly execute: Execute;
}

/** Every operation of the served domains. */
export interface OperationTable {
  readonly operations: readonly ServedOperation[];
  /**
   * Finds who answers a call. A caller at another minor of the newest major is served by the newest.
   *
   * @throws `OPERATION_UNKNOWN` or `VERSION_UNKNOWN`, which names the versions that live.
   */
  readonly find: (wanted: {
    readonly api: string;
    readonly version: string;
    readonly operation: string;
  }) => ServedOperation;
}

/**
 * Lists every operation of the served domains.
 *
 * @throws `DECLARATION_INVALID` when two of them publish the same API.
 */
export function createOperationTable(served: readonly ServedDomain[]): OperationTable {
  const apis = new Map<string, { readonly api: ApiCore; readonly operations: Map<string, ServedOperation> }>();
  for (const { implementation, execute } of served) {
    for (const api of publishedApis(implementation.domain)) {
      const twice = apis.has(api.name) ? [{ place: implementation.domain.name, problem: "is published twice" }] : [];
      refuseProblems(`the API "${api.name}"`, twice);
      apis.set(api.name, { api, operations: servedOperations(api, implementation.apis[api.name] ?? {}, execute) });
    }
  }
  return {
    operations: [...apis.values()].flatMap(({ operations }) => [...operations.values()]),
    find: ({ api: name, version, operation }) => {
      const found = apis.get(name);
      if (found === undefined) throw unknownOperation(`${name}.${operation}`, [...apis.keys()]);
      if (!isServed(found.api, version)) throw unknownVersion(name, version, livingVersions(found.api));
      const known = found.operations.get(operation);
      if (known === undefined) throw unknownOperation(`${name}.${operation}`, [...found.operations.keys()]);
      return known;
    },
  };
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

function servedOperations(
  api: ApiCore,
  handlers: Readonly<Record<string, Handler>>,
  execute: Execute,
): Map<string, ServedOperation> {
  const major = majorOf(api.newest);
  const served = Object.entries(handlers).map(([operation, handler]): [string, ServedOperation] => {
    const { declared } = handler;
    const path = `/${api.name}/v${major}${declared.path}`;
    const { method } = declared;
    return [
      operation,
      { api: api.name, major, version: api.newest, operation, method, path, declared, handler, execute },
    ];
  });
  return new Map(served);
}

function isServed(api: ApiCore, version: string): boolean {
  return isVersion(version) && majorOf(version) === majorOf(api.newest);
}

function livingVersions(api: ApiCore): readonly string[] {
  return Object.keys(api.versions)
    .filter(isVersion)
    .filter((version) => isServed(api, version))
    .sort(compareVersions);
}

/** The major number of a version, or -1 for a text that is none. */
export function majorOf(version: string): number {
  return isVersion(version) ? versionParts(version)[0] : -1;
}
