import type { Domain } from "./domain.ts";
import { domainOf } from "./name.ts";
import type { Problem } from "./problems.ts";
import type { ReadModel } from "./read-model.ts";
import type { Replica } from "./replica.ts";
import { optionProblems } from "./subscription-options.ts";

/** What is kept from the events of other domains, to be read here. */
export type Copied = ReadModel | Replica;

/** What is wrong with the read models or the replicas of a domain's implementation, if anything. */
export function copiesProblems(
  domain: Domain,
  copies: readonly Copied[],
  list: "readModels" | "replicas",
): readonly Problem[] {
  const [kind, maker] =
    list === "readModels" ? (["read model", "readModel"] as const) : (["replica", "replica"] as const);
  return copies.flatMap((found, index) => {
    const place = `${list}[${index}]`;
    if (found?.kind !== kind) return [{ place, problem: `is no ${kind}; write ${maker}(domain, name, …)` }];
    const problems: Problem[] = optionProblems(found.options, place);
    if (found.domain !== domain.name) problems.push({ place, problem: `belongs to "${found.domain}"` });
    for (const event of found.events) {
      const isNeeded = domain.needs.some(({ contract }) => contract.kind === "event" && contract.name === event);
      if (!isNeeded)
        problems.push({
          place,
          problem: `"${found.name}" is kept by "${event}", which the domain does not need; add need(…) to its declaration`,
        });
    }
    return [...problems, ...strongProblems(domain, found, place)];
  });
}

/** Where only the owner's own answer is good enough, nothing that may be behind stands beside it. */
function strongProblems(domain: Domain, { kind, name, events }: Copied, place: string): readonly Problem[] {
  const owners = new Set(events.map(domainOf));
  return domain.needs
    .filter(({ contract, consistency }) => consistency === "strong" && owners.has(domainOf(contract.name)))
    .map(({ contract }) => ({
      place,
      problem: `"${name}" is a ${kind} of "${domainOf(contract.name)}" and may be behind, but "${domain.name}" needs "${contract.name}" with strong consistency; ask the owner with a call or a composition, or take consistency: "strong" back`,
    }));
}
