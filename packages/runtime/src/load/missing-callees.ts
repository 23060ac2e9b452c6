import { type Domain, domainOf } from "@polder/model";
import { runtimeErrors } from "../errors.ts";

/** A domain whose API is needed, and that cannot be called. */
export interface MissingCallee {
  readonly caller: string;
  readonly callee: string;
  readonly isEssential: boolean;
}

/** The domains that these call and that are not among those that can be reached. Pure. */
export function missingCallees(callers: readonly Domain[], reachable: ReadonlySet<string>): readonly MissingCallee[] {
  return callers.flatMap(({ name, needs }) =>
    needs.flatMap(({ contract, essential }) => {
      const callee = domainOf(contract.name);
      if (contract.kind !== "api" || reachable.has(callee)) return [];
      return [{ caller: name, callee, isEssential: essential }];
    }),
  );
}

/**
 * Refuses domains whose essential calls would lead nowhere.
 *
 * @throws `DOMAIN_UNKNOWN` with all that are missing.
 */
export function refuseMissingCallees(callers: readonly Domain[], reachable: ReadonlySet<string>): void {
  const essential = missingCallees(callers, reachable).filter(({ isEssential }) => isEssential);
  if (essential.length === 0) return;
  const domains = [...new Set(essential.map(({ callee }) => callee))];
  const names = domains.map((domain) => `"${domain}"`).join(", ");
  throw runtimeErrors.DOMAIN_UNKNOWN(
    `APIs are needed of ${names}, but nothing of that name runs in this process, and no URL says where it does. Start it here as well, name it in "urls" of the configuration or as POLDER_URL_<DOMAIN>, or say essential: false where a domain works without it.`,
    { domains, known: [...reachable] },
  );
}
