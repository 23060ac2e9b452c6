import { checkVersions } from "@polder/contracts";
import { domainContracts } from "../contracts/domain-contracts.ts";
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

const page = "docs/change-a-contract.md";

/** `polder contracts check`: exit code 1 when something is wrong with a version. */
export const checkContractsWork =
  ({ base, domain: names, format, use = false }: CheckContractsOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const all = await domainContracts(project, { names, base });
    const findings: Reported[] = [];
    const database = use ? await provisionedDatabase(project) : undefined;
    for (const { domain, ...versions } of all) {
      const inUse =
        database === undefined
          ? []
          : await versionsInUse({ domain, ...versions }, { domains: project.domains, database, since: recently() });
      for (const found of [...checkVersions(versions), ...inUse])
        findings.push(await placeFinding(found, domain, input.cwd));
    }
    const versions = all.reduce((sum, { declared }) => sum + declared.length, 0);
    const code = findings.length === 0 ? exitCode.clean : exitCode.findings;
    const data = { versions, findings };
    switch (format) {
      case "github":
        return { data, code, ...(findings.length === 0 ? {} : { text: annotationsOf(findings) }) };
      case "sarif":
        return { data, code, text: JSON.stringify(sarifOf(findings, { tool: "polder contracts check", help: page })) };
      case "text":
        return {
          data,
          code,
          text: [...(findings.length === 0 ? [] : [toldFindings(findings)]), summary(data)].join("\n\n"),
        };
    }
  };

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
