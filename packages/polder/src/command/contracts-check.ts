import { relative } from "node:path";
import { checkVersions, versionRules } from "@polder/contracts";
import { domainOf } from "@polder/model";
import { type BaseVersion, readBaseVersions } from "../contracts/base-versions.ts";
import { domainContracts } from "../contracts/domain-contracts.ts";
import { repositoryRoot } from "../contracts/git.ts";
import { recently } from "../contracts/major-use.ts";
import { placeFinding } from "../contracts/place-finding.ts";
import { versionsInUse } from "../contracts/versions-in-use.ts";
import { annotationsOf } from "../findings/annotations.ts";
import type { Reported } from "../findings/reported.ts";
import { sarifOf } from "../findings/sarif.ts";
import { toldFindings } from "../findings/told.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** How findings are written: for people, for GitHub's workflow log, or as SARIF 2.1.0. */
export type FindingsFormat = "text" | "github" | "sarif";

/** What `polder contracts check` is told. */
export interface CheckContractsOptions {
  readonly base?: string;
  readonly domain?: readonly string[];
  /** Ask the databases as well who uses what was removed. */
  readonly use?: boolean;
  readonly format: FindingsFormat;
}

const tool = "polder contracts check";
const page = "docs/freeze-contracts.md";

/** `polder contracts check`: exit code 1 when something is wrong with a version. */
export const checkContractsWork =
  ({ base, domain: names, format, use = false }: CheckContractsOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    // Code hosts read paths from the root of the repository, wherever the command runs.
    const from = format === "text" ? input.cwd : ((await repositoryRoot(input.cwd)) ?? input.cwd);
    const published = base === undefined ? undefined : await readBaseVersions(project, base);
    const all = await domainContracts(project, { names, base: published });
    const givenUp = names === undefined ? (published?.givenUp ?? []) : [];
    const findings: Reported[] = givenUp.map((version) => givenUpFinding(version, from));
    const database = use ? await provisionedDatabase(project) : undefined;
    for (const { domain, ...versions } of all) {
      const inUse =
        database === undefined
          ? []
          : await versionsInUse({ domain, ...versions }, { domains: project.domains, database, since: recently() });
      for (const found of [...checkVersions(versions), ...inUse])
        findings.push(await placeFinding(found, domain, from));
    }
    const versions = all.reduce((sum, { declared }) => sum + declared.length, 0);
    const code = findings.length === 0 ? exitCode.clean : exitCode.findings;
    const data = { versions, findings };
    switch (format) {
      case "github":
        return { data, code, ...(findings.length === 0 ? {} : { text: annotationsOf(findings) }) };
      case "sarif":
        return { data, code, text: JSON.stringify(sarifOf(findings, { tool, rules: versionRules, page })) };
      case "text":
        return {
          data,
          code,
          text: [...(findings.length === 0 ? [] : [toldFindings(findings)]), summary(data)].join("\n\n"),
        };
    }
  };

/** A published version whose domain went as a whole: nobody is left who could declare it. */
function givenUpFinding({ document: { name, version }, path }: BaseVersion, from: string): Reported {
  return {
    rule: "frozen-deleted",
    severity: "error",
    file: relative(from, path),
    line: 1,
    message: `${name} ${version} was published, and this project has no domain "${domainOf(name)}" any more: whoever uses it is served no more`,
    wayOut: `Take the domain back, and give it up when "polder contracts can-retire" finds nobody. Where that is done, merge this knowingly: it is found once.`,
    details: [],
  };
}

function summary({
  versions,
  findings,
}: {
  readonly versions: number;
  readonly findings: readonly Reported[];
}): string {
  const looked = versions === 1 ? "1 version" : `${versions} versions`;
  const found = findings.length === 1 ? "1 finding" : `${findings.length || "no"} findings`;
  return `${looked} looked at, ${found}.${findings.length === 0 ? "" : ` See ${page}.`}`;
}
