import type { ApiDocument, OperationDocument } from "../document/contract-document.ts";
import { sameJson } from "../schema/same-json.ts";
import { below } from "../schema/schema-problem.ts";
import type { RuleId } from "./rules.ts";

/** A change of an API beside its schemas. */
export interface OperationChange {
  readonly rule: RuleId;
  readonly pointer: string;
  /** What changed, and who breaks and how. */
  readonly problem: string;
}

/** What changed in the operations of an API beside their schemas: routes, kinds, refusals, access, batches, pages. */
export function operationChanges(earlier: ApiDocument, later: ApiDocument): readonly OperationChange[] {
  const names = [...new Set([...Object.keys(earlier.operations), ...Object.keys(later.operations)])];
  return names.flatMap((name) => {
    const pointer = below("/operations", name);
    const before = Object.hasOwn(earlier.operations, name) ? earlier.operations[name] : undefined;
    const after = Object.hasOwn(later.operations, name) ? later.operations[name] : undefined;
    if (before === undefined) return [change("operation-added", pointer, `The operation ${name} is new.`)];
    if (after === undefined) {
      const problem = `The operation ${name} was removed: callers of ${earlier.version} find nobody who answers.`;
      return [change("operation-removed", pointer, problem)];
    }
    return [
      ...routeChanges(name, before, after, pointer),
      ...accessChanges(name, before, after, pointer),
      ...refusalChanges(name, before, after, pointer),
      ...manyChanges(name, before, after, pointer),
    ];
  });
}

function routeChanges(
  name: string,
  before: OperationDocument,
  after: OperationDocument,
  pointer: string,
): readonly OperationChange[] {
  const found: OperationChange[] = [];
  if (before.kind !== after.kind) {
    const problem = `${name} was a ${before.kind} and is a ${after.kind}: callers repeat queries, and commands only with their key.`;
    found.push(change("operation-kind-changed", `${pointer}/kind`, problem));
  }
  if (before.method !== after.method) {
    const problem = `${name} takes ${after.method} instead of ${before.method}: callers who use the old method are refused.`;
    found.push(change("method-changed", `${pointer}/method`, problem));
  }
  if (before.path !== after.path) {
    const problem = `${name} is at ${after.path} instead of ${before.path}: callers who use the old path find nothing, or something else.`;
    found.push(change("path-changed", `${pointer}/path`, problem));
  }
  return found;
}

function accessChanges(
  name: string,
  { access: before }: OperationDocument,
  { access: after }: OperationDocument,
  pointer: string,
): readonly OperationChange[] {
  if (before === after) return [];
  const [was, is] = [before, after].map((access) => access ?? "domains only");
  const place = `${pointer}/access`;
  if (isWider(before, after))
    return [change("access-opened", place, `${name} is open to ${is}; it was open to ${was}.`)];
  const problem = `${name} is open to ${is} instead of ${was}: people from outside who could call it are refused.`;
  return [change("access-narrowed", place, problem)];
}

/** Domains only, somebody with a permission, whoever has signed in, anyone. */
function isWider(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || after === "anyone") return true;
  return after === "signed-in" && before !== "anyone";
}

function refusalChanges(
  name: string,
  before: OperationDocument,
  after: OperationDocument,
  pointer: string,
): readonly OperationChange[] {
  const added = Object.keys(after.refusals).filter((refusal) => !Object.hasOwn(before.refusals, refusal));
  const removed = Object.keys(before.refusals).filter((refusal) => !Object.hasOwn(after.refusals, refusal));
  const place = (refusal: string): string => below(`${pointer}/refusals`, refusal);
  return [
    ...added.map((refusal) => {
      const problem = `${name} may refuse with ${refusal}: callers who do not know it cannot use the answer.`;
      return change("refusal-added", place(refusal), problem);
    }),
    ...removed.map((refusal) =>
      change("refusal-removed", place(refusal), `${name} does not refuse with ${refusal} any more.`),
    ),
  ];
}

/** By each way of answering for more than one: what it is called, and who counts on it. */
const ways = {
  batch: ["for many keys at once", "compositions that ask once for many keys find nothing by them"],
  pages: ["page by page", "whoever reads page by page, such as a replica, cannot go on"],
} as const;

function manyChanges(
  name: string,
  before: OperationDocument,
  after: OperationDocument,
  pointer: string,
): readonly OperationChange[] {
  return (["batch", "pages"] as const).flatMap((way) => {
    const [was, is] = [before[way], after[way]];
    if (sameJson(was, is)) return [];
    const [how, broken] = ways[way];
    const place = `${pointer}/${way}`;
    if (was === undefined) return [change(`${way}-added`, place, `${name} says that it answers ${how}.`)];
    if (is === undefined)
      return [change(`${way}-removed`, place, `${name} does not answer ${how} any more: ${broken}.`)];
    return [change(`${way}-changed`, place, `${name} answers ${how} by other fields: ${broken}.`)];
  });
}

function change(rule: RuleId, pointer: string, problem: string): OperationChange {
  return { rule, pointer, problem };
}
