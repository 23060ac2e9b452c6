import { type Command, Option } from "commander";
import type { CanRetireOptions } from "./contracts-can-retire.ts";
import type { CheckContractsOptions } from "./contracts-check.ts";
import type { ContractsDocsOptions } from "./contracts-docs.ts";
import type { FreezeContractsOptions } from "./contracts-freeze.ts";
import type { ImpactOptions } from "./contracts-impact.ts";
import type { ListContractsOptions } from "./contracts-list.ts";
import type { PushContractsOptions } from "./contracts-push.ts";
import type { RetireOptions } from "./contracts-retire.ts";
import { domainNames, seenSince, toUrl, toUrls } from "./option-values.ts";
import type { OwnersOptions } from "./owners.ts";
import type { Run } from "./program.ts";

/** Defines `polder contracts …` and `polder owners`. */
export function defineContracts(program: Command, run: Run): void {
  const contracts = program.command("contracts").description("what domains publish and have published");
  contracts
    .command("freeze")
    .description("write every version down that is not yet, into the contracts/ of its domain")
    .option(...domainNames)
    .action(async (options: FreezeContractsOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-freeze.ts")).freezeContractsWork(options));
    });
  contracts
    .command("check")
    .description("hold the declared versions to what was published")
    .option(...domainNames)
    .option("--base <branch>", "and what was published to what this branch has, such as main")
    .option("--use", "and ask the databases who still uses what was removed")
    .addOption(
      new Option("--format <format>", "how findings are written").choices(["text", "github", "sarif"]).default("text"),
    )
    .action(async (options: CheckContractsOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-check.ts")).checkContractsWork(options));
    });
  contracts
    .command("list")
    .description("every major of every contract: its versions, its state, who needs it")
    .option(...domainNames)
    .option("--use", "and who was seen to use it")
    .option(...seenSince)
    .action(async (options: ListContractsOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-list.ts")).listContractsWork(options));
    });
  contracts
    .command("diff <earlier> <later>")
    .description("what changes between two versions, such as customer@1.0.0, or files, OpenAPI documents among them")
    .action(async (earlier: string, later: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./contracts-diff.ts")).diffContractsWork(earlier, later));
    });
  contracts
    .command("impact [contract]")
    .description("whom the changes of the working tree concern")
    .option("--base <branch>", "since this branch was left, such as main (default: since the last commit)")
    .action(async (contract: string | undefined, options: ImpactOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-impact.ts")).impactContractsWork(contract, options));
    });
  contracts
    .command("push")
    .description("send every declared version to a registry of schemas")
    .option(...domainNames)
    .option("-r, --registry <url>", "where it is (default: POLDER_REGISTRY_URL, or the configuration's)", toUrl)
    .action(async (options: PushContractsOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-push.ts")).pushContractsWork(options));
    });
  contracts
    .command("docs")
    .description("write OpenAPI, AsyncAPI, JSON Schemas and changelogs into a folder")
    .option(...domainNames)
    .option("-o, --out <folder>", "where to", "contract-documents")
    .option("-s, --server <urls>", "base URLs of the gateway, with commas between them", toUrls)
    .action(async (options: ContractsDocsOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-docs.ts")).contractsDocsWork(options));
    });
  defineRetirement(contracts, run);
  program
    .command("owners")
    .description("who owns which domain, and who is asked about its contracts")
    .option("--codeowners", "as a CODEOWNERS file")
    .action(async (options: OwnersOptions, command: Command) => {
      await run(command, async () => (await import("./owners.ts")).ownersWork(options));
    });
}

function defineRetirement(contracts: Command, run: Run): void {
  contracts
    .command("can-retire <major>")
    .description("whether anybody still uses a major version, such as customer@1")
    .option(...seenSince)
    .option("-e, --environment <name>", "only what was seen in this one, such as production")
    .action(async (major: string, options: CanRetireOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-can-retire.ts")).canRetireWork(major, options));
    });
  contracts
    .command("retire <major>")
    .description("write down that a major version is over, if nobody uses it, and say what to remove")
    .option(...seenSince)
    .option("--force", "although somebody uses it")
    .option("--reason <text>", "why, kept with the decision")
    .action(async (major: string, options: RetireOptions, command: Command) => {
      await run(command, async () => (await import("./contracts-retire.ts")).retireWork(major, options));
    });
}
