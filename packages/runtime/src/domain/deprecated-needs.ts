import { type Domain, deprecationOf, type Logger, majorOf } from "@polder/model";

/** Says in the log which events a domain needs at a version that is about to go; callers of APIs are told when they call. */
export function warnOfDeprecatedEvents({ name, needs }: Domain, logger: Logger): void {
  for (const { contract, version } of needs) {
    const deprecation = contract.kind === "event" ? deprecationOf(contract, majorOf(version)) : undefined;
    if (deprecation === undefined) continue;
    const { since, sunset, notice } = deprecation;
    const end = sunset === undefined ? "" : ` and goes away on ${sunset}`;
    logger.warn(
      `"${name}" needs ${contract.name} at version ${version}, which is deprecated since ${since}${end}: ${notice}`,
      { event: contract.name, version, ...deprecation },
    );
  }
}
