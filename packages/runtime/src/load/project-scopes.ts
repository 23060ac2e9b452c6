import { busDomainSteps, busNeedSteps, busSystemSteps } from "@polder/bus";
import { homeOf, homeSteps, type SystemScope } from "@polder/postgres";
import { sagaDomainSteps } from "@polder/sagas";
import type { LoadedDomain } from "./load-domains.ts";

/**
 * All that Polder keeps in a database for these domains, in the order in which it is made. Of domains that do not live
 * in this database, it is their rights to read the events of those that do.
 */
export function projectScopes(
  domains: readonly Pick<LoadedDomain, "name" | "implementation">[],
  isHere: (domain: string) => boolean = () => true,
): readonly SystemScope[] {
  const living = domains.filter(({ name }) => isHere(name));
  return [
    busSystemSteps(),
    ...living.map(({ name }) => homeSteps(homeOf(name))),
    ...living.map(({ name }) => busDomainSteps(name)),
    ...living.map(({ name }) => sagaDomainSteps(name)),
    ...domains.map(({ implementation }) => busNeedSteps(implementation.domain, isHere)),
  ];
}
