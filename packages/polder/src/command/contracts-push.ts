import { type Project, selectDomains } from "@polder/runtime";
import { placeFinding } from "../contracts/place-finding.ts";
import { type PushedDomain, pushContracts } from "../contracts/push-contracts.ts";
import { openRegistryClient } from "../contracts/registry-client.ts";
import { commandErrors } from "../errors.ts";
import { toldFindings } from "../findings/told.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** What `polder contracts push` is told. */
export interface PushContractsOptions {
  readonly domain?: readonly string[];
  readonly registry?: string;
}

/**
 * `polder contracts push`: sends every declared version to the registry. Exit code 1 when something there is another
 * one than declared, or the registry does not take it.
 */
export const pushContractsWork =
  ({ domain: names, registry }: PushContractsOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const url = registry ?? (input.env["POLDER_REGISTRY_URL"] || configuredUrl(project));
    const client = openRegistryClient(url, input);
    const pushed: PushedDomain[] = [];
    for (const domain of selectDomains(project.domains, names)) pushed.push(await pushContracts(domain, client));
    const findings = [];
    for (const { domain, findings: found } of pushed)
      for (const one of found) findings.push(await placeFinding(one, domain, input.cwd));
    const sent = pushed.flatMap((one) => one.sent);
    const described = pushed.flatMap((one) => one.described);
    const unchanged = pushed.reduce((sum, one) => sum + one.unchanged, 0);
    const code = findings.length === 0 ? exitCode.clean : exitCode.findings;
    const blocks = [
      ...(findings.length === 0 ? [] : [toldFindings(findings)]),
      ...listed("Pushed:", sent),
      ...listed("Described anew:", described),
      `${sent.length + described.length} pushed, ${unchanged} there already, ${findings.length || "no"} ${findings.length === 1 ? "finding" : "findings"}.`,
    ];
    return { data: { sent, described, unchanged, findings }, text: blocks.join("\n\n"), code };
  };

function configuredUrl({ loaded }: Project): string {
  const { host = "127.0.0.1", port = 0 } = loaded.config.registry ?? {};
  if (port !== 0) return `http://${host}:${port}/registry`;
  throw commandErrors.USAGE(
    'Nothing says where the registry is. Name it with --registry, in POLDER_REGISTRY_URL, or by "registry.port" of the configuration.',
    { argument: "--registry" },
  );
}

function listed(head: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [[head, ...names.map((name) => `  ${name}`)].join("\n")];
}
