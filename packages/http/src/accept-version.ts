import { type ApiCore, livingMajors, sortedVersions } from "@polder/model";
import { missingVersion } from "./operation-table.ts";

/** The path of a call as routes have it: with the major version. */
export type ResolvePath = (path: string, acceptVersion: string | undefined) => string;

const withVersion = /^\/[^/]+\/v\d+(?:[/?]|$)/;

/** Whether the version of a call is in its path, and not a matter of its headers. */
export function hasVersion(path: string): boolean {
  return withVersion.test(path);
}

/**
 * Makes the one who puts the version into paths that have none: that of `Accept-Version` (`1`, `1.1` or `1.1.0`), or the
 * oldest that lives, so that whoever has never named one keeps what they were written for.
 *
 * @throws (the result) `VERSION_UNKNOWN` or `VERSION_RETIRED` for a version that is not served.
 */
export function resolvePaths(apis: readonly ApiCore[]): ResolvePath {
  const byName = new Map(apis.map((api) => [api.name, api]));
  return (path, acceptVersion) => {
    if (hasVersion(path)) return path;
    const end = path.indexOf("/", 1);
    const api = end === -1 ? undefined : byName.get(path.slice(1, end));
    return api === undefined ? path : `${path.slice(0, end)}/v${majorFor(api, acceptVersion)}${path.slice(end)}`;
  };
}

/** The path with the version of its route, where it has none. */
export function pathAtRoute(path: string, { api, major }: { readonly api: string; readonly major: number }): string {
  return hasVersion(path) ? path : `/${api}/v${major}${path.slice(api.length + 1)}`;
}

function majorFor(api: ApiCore, acceptVersion: string | undefined): number | undefined {
  const majors = livingMajors(api.versions);
  if (acceptVersion === undefined) return majors[0]?.major;
  const wanted = acceptVersion.trim();
  const isServed = sortedVersions(api.versions).some(
    (version) => version === wanted || version.startsWith(`${wanted}.`),
  );
  if (/^\d/.test(wanted) && isServed) return Number.parseInt(wanted, 10);
  throw missingVersion(api, wanted);
}
