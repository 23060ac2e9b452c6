import { type Domain, domainOf, type Problem } from "@polder/model";

/**
 * What is wrong with the addresses of a configuration, seen together with the domains of its project: each must be that
 * of a domain of the project, or of one whose API somebody here needs. Pure.
 */
export function urlProblems(
  urls: Readonly<Record<string, string>> = {},
  domains: readonly Pick<Domain, "name" | "needs">[],
): readonly Problem[] {
  const called = domains.flatMap(({ needs }) =>
    needs.flatMap(({ contract }) => (contract.kind === "api" ? [domainOf(contract.name)] : [])),
  );
  const known = [...new Set([...domains.map(({ name }) => name), ...called])];
  return Object.keys(urls)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      place: `urls.${name}`,
      problem: `"${name}" is no domain of this project, and nobody here needs an API of it; there are ${known.join(", ")}`,
    }));
}
