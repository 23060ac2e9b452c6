import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { checkVersions, frozenPath, frozenText, type VersionFinding } from "@polder/contracts";
import { type DomainContracts, domainContracts } from "../contracts/domain-contracts.ts";
import { frozenFolder } from "../contracts/frozen-versions.ts";
import { placeFinding } from "../contracts/place-finding.ts";
import { toldFindings } from "../findings/told.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** What `polder contracts freeze` is told. */
export interface FreezeContractsOptions {
  readonly domain?: readonly string[];
}

/** Rules that keep a version from being written down: what is wrong with it could not be mended any more. */
const inTheWay = ({ rule }: VersionFinding): boolean =>
  rule === "step-too-small" || rule === "frozen-changed" || rule === "enum-unstated";

/**
 * `polder contracts freeze`: writes down every version that is not yet. A domain with a version that breaks an earlier
 * one gets no file; exit code 1 then.
 */
export const freezeContractsWork =
  ({ domain: names }: FreezeContractsOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const all = await domainContracts(project, { names });
    const written: string[] = [];
    const findings = [];
    for (const contracts of all) {
      const broken = checkVersions(contracts).filter(inTheWay);
      for (const found of broken) findings.push(await placeFinding(found, contracts.domain, input.cwd));
      if (broken.length === 0) written.push(...(await freeze(contracts)));
    }
    const files = written.map((path) => relative(input.cwd, path) || path);
    const blocks = [...(findings.length === 0 ? [] : [toldFindings(findings)]), described(files)];
    const code = findings.length === 0 ? exitCode.clean : exitCode.findings;
    return { data: { written: files, findings }, text: blocks.join("\n\n"), code };
  };

async function freeze({ domain, declared, frozen }: DomainContracts): Promise<readonly string[]> {
  const missing = declared.filter(
    (one) => !frozen.some(({ name, version }) => name === one.name && version === one.version),
  );
  const written: string[] = [];
  for (const document of missing) {
    const path = join(frozenFolder(domain), frozenPath(document));
    await mkdir(dirname(path), { recursive: true });
    // Fails when it has come about meanwhile: a frozen file is never written over.
    await writeFile(path, frozenText(document), { flag: "wx" });
    written.push(path);
  }
  return written;
}

function described(files: readonly string[]): string {
  if (files.length === 0) return "Nothing was written.";
  return ["Written, to be committed with the declaration:", ...files.map((file) => `  ${file}`)].join("\n");
}
