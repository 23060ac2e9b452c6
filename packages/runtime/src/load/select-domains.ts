import { runtimeErrors } from "../errors.ts";
import type { LoadedDomain } from "./load-domains.ts";

/**
 * The domains with these names; all without names.
 *
 * @throws `DOMAIN_UNKNOWN` with every name that is none.
 */
export function selectDomains(
  domains: readonly LoadedDomain[],
  names: readonly string[] | undefined,
): readonly LoadedDomain[] {
  if (names === undefined) return domains;
  const known = domains.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw runtimeErrors.DOMAIN_UNKNOWN(
      `This project has no domain ${unknown.map((name) => `"${name}"`).join(", ")}; it has ${known.join(", ")}.`,
      { domains: unknown, known },
    );
  }
  return domains.filter(({ name }) => names.includes(name));
}
