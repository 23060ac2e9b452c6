import { isObject } from "../schema/subschemas.ts";
import type { ApiDocument, OperationDocument } from "./contract-document.ts";

type Named = readonly [name: string, operation: OperationDocument];

/**
 * The later one of two documents of a service that Polder does not run, with its operations and the parameters of their
 * paths named as in the earlier one: who calls it over HTTP knows methods and paths, and no names. An operation that is
 * at another path but has kept its name is still the same.
 */
export function nameOperationsAs(earlier: ApiDocument, later: ApiDocument): ApiDocument {
  const known = new Map(Object.entries(earlier.operations).map((entry) => [routeOf(entry[1]), entry]));
  const found = new Map<string, OperationDocument>();
  const others: Named[] = [];
  for (const [name, operation] of Object.entries(later.operations)) {
    const same = known.get(routeOf(operation));
    if (same === undefined) others.push([name, operation]);
    else found.set(same[0], withParametersOf(same[1], operation));
  }
  for (const [name, operation] of others)
    found.set(found.has(name) ? `${operation.method} ${operation.path}` : name, operation);
  return { ...later, operations: Object.fromEntries(found) };
}

/** As {@link describeOpenApi} writes them: `:bill`, or `{bill-id}` where it is no whole segment of letters and digits. */
const parameter = /:([^/]+)|\{([^}]+)\}/g;

/** Method and path, whatever its parameters are called. */
function routeOf({ method, path }: OperationDocument): string {
  return `${method} ${path.replaceAll(parameter, "{}")}`;
}

function parametersOf(path: string): readonly string[] {
  return [...path.matchAll(parameter)].map(([, whole, part]) => whole ?? part ?? "");
}

function withParametersOf({ path }: OperationDocument, operation: OperationDocument): OperationDocument {
  const names = parametersOf(path);
  const renamed = new Map(parametersOf(operation.path).map((name, index) => [name, names[index] ?? name]));
  const { properties, required } = operation.input;
  const nameOf = (name: string): string => renamed.get(name) ?? name;
  return {
    ...operation,
    path,
    input: {
      ...operation.input,
      ...(isObject(properties)
        ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [nameOf(name), one])) }
        : {}),
      ...(Array.isArray(required) ? { required: required.map((name) => nameOf(String(name))) } : {}),
    },
  };
}
