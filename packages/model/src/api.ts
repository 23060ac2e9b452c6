import type { AnyApiConverters, ApiConverters, ConvertersField } from "./converter.ts";
import { apiConverterProblems } from "./converter-problems.ts";
import { type Deprecations, deprecationProblems } from "./deprecation.ts";
import { domainNameProblems, domainOf } from "./name.ts";
import { type Operation, operationProblems } from "./operation.ts";
import { type Problem, refuseProblems } from "./problems.ts";
import { isVersion, type Newest, newestVersion, type Version } from "./version.ts";

/** The operations of one version of an API, by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** All versions of an API. */
export type ApiVersions = Readonly<Record<string, Operations>>;

/** Points at one operation of an API's newest version: what a handler is written for. */
export interface OperationRef<
  ApiName extends string = string,
  OperationName extends string = string,
  Declared extends Operation = Operation,
> {
  readonly api: ApiName;
  readonly operation: OperationName;
  readonly declared: Declared;
}

/** What an API carries besides its operations. */
export interface ApiCore<Name extends string = string, Versions extends ApiVersions = ApiVersions> {
  readonly kind: "api";
  readonly name: Name;
  readonly versions: Versions;
  readonly newest: Newest<keyof Versions & string>;
  /** By the version that they lead up to, and by operation of the version before it. */
  readonly converters: AnyApiConverters;
  /** The majors that are about to go, or are gone. */
  readonly deprecated: Deprecations;
}

/** A published API: its versions, and a reference to each operation of the newest version. */
export type Api<Name extends string = string, Versions extends ApiVersions = ApiVersions> = ApiCore<Name, Versions> & {
  readonly [OperationName in keyof Versions[Newest<keyof Versions & string>] & string]: OperationRef<
    Name,
    OperationName,
    Versions[Newest<keyof Versions & string>][OperationName]
  >;
};

/** Any API, where its operations do not matter. */
export type AnyApi = ApiCore;

/** Names that an operation cannot have, because the API itself uses them. */
const reserved = new Set(["kind", "name", "versions", "newest", "converters", "deprecated", "then"]);

/** What an API is declared with. */
export type ApiShape<Versions extends ApiVersions> = {
  readonly versions: Versions;
  /** The majors that are about to go, by number. One of which no version is declared any more is retired. */
  readonly deprecated?: Deprecations;
} & ConvertersField<ApiConverters<Versions>>;

/**
 * Declares an API of a domain: `api("inventory", { versions: { "1.0.0": { reserve: command(…) } } })`.
 * Its name is the domain's, or begins with it and a point. Several majors are served at once: between one and the one
 * before it stand converters, so that handlers know the newest version only.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function api<const Name extends string, const Versions extends ApiVersions>(
  name: Name,
  shape: ApiShape<Versions>,
): Api<Name, Versions> {
  const versions: ApiVersions = shape?.versions ?? {};
  const { converters = {}, deprecated = {} } = (shape ?? {}) as Partial<ApiCore>;
  const problems = [...domainNameProblems(domainOf(name), "name"), ...versionsProblems(versions)];
  // What is between versions can only be judged where they are in order themselves.
  if (problems.length === 0) problems.push(...apiConverterProblems(converters, versions));
  refuseProblems(`the API "${name}"`, [...problems, ...deprecationProblems(deprecated, versions)]);
  const newest = newestVersion(Object.keys(versions) as Version[]) ?? "";
  const core = { kind: "api", name, versions, newest, converters, deprecated };
  const references = Object.entries(versions[newest] ?? {}).map(([operation, declared]) => [
    operation,
    { api: name, operation, declared },
  ]);
  return { ...Object.fromEntries(references), ...core } as Api<Name, Versions>;
}

function versionsProblems(versions: ApiVersions): readonly Problem[] {
  if (Object.keys(versions).length === 0)
    return [{ place: "versions", problem: 'has no version; write versions: { "1.0.0": { … } }' }];
  return Object.entries(versions).flatMap(([version, operations]) => {
    const place = `versions[${JSON.stringify(version)}]`;
    const problems: Problem[] = isVersion(version)
      ? []
      : [{ place, problem: `"${version}" is no semantic version such as "1.0.0"` }];
    if (Object.keys(operations ?? {}).length === 0) problems.push({ place, problem: "has no operation" });
    const routes = new Map<string, string>();
    for (const [name, operation] of Object.entries(operations ?? {})) {
      if (reserved.has(name))
        problems.push({ place: `${place}.${name}`, problem: `"${name}" is reserved; choose another name` });
      problems.push(...operationProblems(name, operation, `${place}.${name}`));
      if (typeof operation?.path !== "string") continue;
      const route = `${operation.method} ${operation.path.replaceAll(/:[a-zA-Z0-9]+/g, ":")}`;
      const other = routes.get(route);
      if (other !== undefined)
        problems.push({ place: `${place}.${name}`, problem: `has the same route as "${other}"` });
      routes.set(route, name);
    }
    return problems;
  });
}
