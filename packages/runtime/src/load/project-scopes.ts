import { busDomainSteps, busNeedSteps, busSystemSteps } from "@polder/bus";
import { homeOf, homeSteps, type SystemScope } from "@polder/postgres";
import { readingDomainSteps } from "@polder/reading";
import { registryDomainSteps, registrySystemSteps } from "@polder/registry";
import { sagaDomainSteps } from "@polder/sagas";
import type { Retention } from "../domain/retention.ts";
import type { LoadedDomain } from "./load-domains.ts";

/**
 * All that Polder keeps in a database for these domains, in the order in which it is made. Of domains that do not live
 * in this database, it is their rights to read the events of those that do.
 */
export function projectScopes(
  domains: readonly Pick<LoadedDomain, "name" | "implementation">[],
  {
    isHere = () => true,
    retention = {},
  }: { readonly isHere?: (domain: string) => boolean; readonly retention?: Retention } = {},
): readonly SystemScope[] {
  const { partitionRows, usesDays } = retention;
  const partitions = partitionRows === undefined ? {} : { partitionRows };
  const living = domains.filter(({ name }) => isHere(name));
  return [
    busSystemSteps(),
    registrySystemSteps(usesDays === undefined ? {} : { usesDays }),
    ...living.map(({ name }) => homeSteps(homeOf(name))),
    ...living.map(({ name }) => busDomainSteps(name, partitions)),
    ...living.map(({ name }) => sagaDomainSteps(name)),
    ...living.map(({ name }) => registryDomainSteps(name)),
    ...living.map(({ name }) => readingDomainSteps(name)),
    ...domains.map(({ implementation }) => busNeedSteps(implementation.domain, isHere)),
  ];
}
