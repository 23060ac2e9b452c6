import { runtimeErrors } from "../errors.ts";
import type { LoadedDomain } from "./load-domains.ts";

/**
 * The domains with these names; all without names.
 *
 * @throws `DOMAIN_UNKNOWN` with every name that is none, `DOMAIN_REPEATED` with every one that stands twice.
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
  refuseRepeated(names);
  return domains.filter(({ name }) => names.includes(name));
}

/**
 * Refuses names of which one stands twice: whoever wrote it meant another one.
 *
 * @throws `DOMAIN_REPEATED`.
 */
export function refuseRepeated(names: readonly string[]): void {
  const domains = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (domains.length === 0) return;
  throw runtimeErrors.DOMAIN_REPEATED(
    `${domains.map((name) => `"${name}"`).join(", ")} is named twice, so nothing was done. Name each domain once; if another one was meant, correct its name.`,
    { domains },
  );
}
