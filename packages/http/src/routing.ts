import type { PolderError } from "@polder/model";
import { resolvePaths } from "./accept-version.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { httpErrors } from "./errors.ts";
import { missingVersion, type Route, unknownOperation } from "./operation-table.ts";

/** Routes in the order in which they are tried: a literal segment before a parameter. */
export function bySpecificity(routes: readonly Route[]): readonly Route[] {
  // A colon would sort between digits and letters; U+FFFF comes after every character of a path.
  const rank = ({ path }: Route) => path.replaceAll(":", "\uFFFF");
  return routes.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** A request that no route takes. */
export interface UnknownRequest {
  readonly method: string;
  readonly path: string;
  readonly acceptVersion?: string | undefined;
}

/** The error of a request that no route takes: another method, another version, or nothing at all. */
export function unknownRoute(
  { operations: routes, apis }: Pick<Dispatcher, "operations" | "apis">,
  { method, path: asked, acceptVersion }: UnknownRequest,
): PolderError {
  let path: string;
  try {
    path = resolvePaths(apis)(asked, acceptVersion);
  } catch (error) {
    return error as PolderError;
  }
  const allowed = [...new Set(routes.filter((route) => matches(route.path, path)).map((route) => route.method))];
  if (allowed.length > 0) {
    return httpErrors.METHOD_NOT_ALLOWED(
      `${asked} takes ${allowed.join(", ")}, not ${method}. Use one of these, as the contract says.`,
      { path: asked, allowed },
    );
  }
  const [, api = "", version = ""] = asked.split("/");
  const ofApi = routes.filter((route) => route.api === api);
  const isKnownVersion = ofApi.some(({ major }) => version === `v${major}`);
  const declared = apis.find(({ name }) => name === api);
  if (declared !== undefined && /^v\d+(?:\.\d+)*$/i.test(version) && !isKnownVersion)
    return missingVersion(declared, version);
  const near = ofApi.length > 0 ? ofApi.map((route) => `${route.method} ${route.path}`) : prefixes(routes);
  return unknownOperation(`${method} ${asked}`, near);
}

function prefixes(routes: readonly Route[]): readonly string[] {
  return [...new Set(routes.map(({ api, major }) => `/${api}/v${major}/…`))];
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split("/");
  const segments = path.split("/");
  if (parts.length !== segments.length) return false;
  return parts.every((part, index) => (part.startsWith(":") ? segments[index] !== "" : part === segments[index]));
}
