import { deprecationOf, livingMajors, momentOf, sortedVersions } from "@polder/model";
import { recordRetirement } from "@polder/registry";
import { type Keeper, keepersOf } from "../contracts/keepers.ts";
import { type MajorUse, majorUse, recently } from "../contracts/major-use.ts";
import { type NamedMajor, namedMajor } from "../contracts/named-major.ts";
import { placeOfVersion } from "../contracts/place-finding.ts";
import { toldKeepers, toldUse } from "../contracts/told-use.ts";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { CommandInput, Work } from "./work.ts";

/** What `polder contracts retire` is told. */
export interface RetireOptions {
  readonly since?: Date;
  readonly force?: boolean;
  readonly reason?: string;
}

/**
 * `polder contracts retire`: writes the decision down, and says what to take out of the declaration. Exit code 1, and
 * nothing is written, while something speaks against it and it is not forced.
 */
export const retireWork =
  (argument: string, { since = recently(), force = false, reason }: RetireOptions): Work =>
  async (input) => {
    if (force !== (reason !== undefined && reason.trim() !== ""))
      throw commandErrors.USAGE(
        "To retire a version all the same, say --force and --reason: the reason is kept with the decision.",
        { argument: force ? "--force" : "--reason" },
      );
    await using project = await openCommandProject(input);
    const named = await namedMajor(project, argument);
    const database = await provisionedDatabase(project);
    const use = await majorUse(named, { since, domains: project.domains, database });
    const keepers = [...unannounced(named), ...keepersOf(use)];
    if (keepers.length > 0 && !force) {
      const refusal = `${argument} is not retired:\n${toldKeepers(keepers)}`;
      return {
        data: { retired: false, keepers, ...use },
        text: `${refusal}\n\n${toldUse(use)}`,
        code: exitCode.findings,
      };
    }
    const by = whoRuns(input);
    const users = leftBehind(use);
    const decision = { contract: use.contract, major: use.major, by, reason: reason ?? null, users };
    const at = await recordRetirement(database.adminOf(named.domain.name), decision);
    const takeOut = await whatGoes(named, input.cwd);
    const head = `${argument} is retired, by ${by} at ${at.toISOString()}.${keepers.length === 0 ? "" : ` It was forced, although\n${toldKeepers(keepers)}`}`;
    return {
      data: { retired: true, at, by, reason: decision.reason, leftBehind: users, keepers, takeOut, ...use },
      text: [head, toldUse(use), ["What to do:", ...takeOut.map((line) => `  - ${line}`)].join("\n")].join("\n\n"),
    };
  };

/** Callers were promised to be told before. */
function unannounced({ contract, major }: NamedMajor): readonly Keeper[] {
  const said = deprecationOf(contract, major);
  if (said === undefined)
    return [
      { kind: "promised", why: `its end was not announced: declare deprecated["${major}"] first, and release that` },
    ];
  const { sunset } = said;
  return momentOf(sunset) > Date.now()
    ? [{ kind: "promised", why: `its users were promised that it is served until ${sunset}` }]
    : [];
}

/** Those who were seen, each once in each environment. */
function leftBehind({ users }: MajorUse) {
  const found = users.flatMap(({ consumer, seen }) =>
    seen === undefined ? [] : [{ consumer, environment: seen.environment }],
  );
  return [...new Map(found.map((user) => [JSON.stringify(user), user])).values()];
}

function whoRuns({ env }: CommandInput): string {
  return env["GITHUB_ACTOR"] ?? env["USER"] ?? env["USERNAME"] ?? "unknown";
}

/** What to change in the declaration, and what stays. */
async function whatGoes({ contract, major, domain, versions }: NamedMajor, cwd: string): Promise<readonly string[]> {
  if (versions.length === 0) return ["nothing: it is no longer declared"];
  const next = livingMajors(contract.versions).find((one) => one.major > major);
  const older = livingMajors(contract.versions).findLast((one) => one.major < major);
  const places = await Promise.all(
    sortedVersions(contract.versions)
      .filter((version) => versions.includes(version))
      .map(async (version) => {
        const { file, line } = await placeOfVersion(domain, { contract: contract.name, version, cwd });
        return `take versions["${version}"] out, ${file}:${line}`;
      }),
  );
  const converter = `converters["${next?.first}"]`;
  const first = livingMajors(contract.versions).find((one) => one.major === major)?.first;
  return [
    ...places,
    older === undefined
      ? `take ${converter} out, which lead to it and from it`
      : `take converters["${first}"] out, and have ${converter} lead from ${older.newest} instead`,
    `${deprecationOf(contract, major) === undefined ? "declare" : "leave"} deprecated["${major}"], so that whoever calls it is told what to do`,
    "leave its files in contracts/",
  ];
}
