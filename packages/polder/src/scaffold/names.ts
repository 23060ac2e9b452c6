import { describeProblems, type Problem, schemaName } from "@polder/model";
import { commandErrors } from "../errors.ts";

/** The names of a domain in code: `product-catalog` is `productCatalog`, its API `ProductCatalog`. */
export interface CodeNames {
  /** As in the database and in paths. */
  readonly name: string;
  /** Of its declaration. */
  readonly constant: string;
  /** Of its API; also what the names of its handlers and events begin with. */
  readonly pascal: string;
  readonly schema: string;
}

/** How code calls a domain. A name that code cannot use gets an ending. */
export function codeNames(domain: string): CodeNames {
  const pascal = pascalCase(domain);
  const camel = `${pascal.slice(0, 1).toLowerCase()}${pascal.slice(1)}`;
  const constant = taken.has(camel) ? `${camel}Domain` : camel;
  return { name: domain, constant, pascal, schema: schemaName(domain) };
}

/** `greet-guests` is `GreetGuests`; what is in that case already stays. */
export function pascalCase(name: string): string {
  return name
    .split(/[-.]/)
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");
}

/** `OrderPlaced` is `order-placed`, `order.Placed` is `order-placed`. */
export function kebabCase(name: string): string {
  return name
    .replaceAll(".", "-")
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase();
}

/** `greet-guests` is `greetGuests`, for a constant beside others in a file. */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  const camel = `${pascal.slice(0, 1).toLowerCase()}${pascal.slice(1)}`;
  return taken.has(camel) ? `${camel}It` : camel;
}

/** Refuses names that the model refuses, all of them at once; throws `USAGE`. */
export function refuseNames(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw commandErrors.USAGE(`Nothing was made:\n${describeProblems(problems)}`, {
    argument: problems.map(({ place }) => place).join(", "),
  });
}

/** What the language keeps for itself, and what the files that are made import. */
const taken = new Set([
  ..."await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
  ..."aggregate api arguments command domain eval event gone handler implement need query readModel replica subscription team teams test z".split(
    " ",
  ),
]);
