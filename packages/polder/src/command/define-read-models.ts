import type { Command } from "commander";
import { domainNames, toBuild } from "./option-values.ts";
import type { Run } from "./program.ts";
import type { DropOptions, RebuildOptions, SwitchOptions } from "./read-models.ts";

/** Defines the commands about read models and replicas. */
export function defineReadModels(program: Command, run: Run): void {
  const readModels = program
    .command("read-models")
    .description("read models and replicas: how far they are, and their builds");
  readModels
    .command("list", { isDefault: true })
    .description("every build, how far it is, and how old what it shows may be")
    .option(...domainNames)
    .action(async (options: { domain?: readonly string[] }, command: Command) => {
      await run(command, async () => (await import("./read-models.ts")).listWork(options));
    });
  const named = (what: string): string => `${what}; as domain/name, such as storefront/order-history`;
  readModels
    .command("rebuild <name>")
    .description(named("build it anew beside the one that serves, and then switch"))
    .option("--by-hand", "do not switch: that is for polder read-models switch")
    .option("--no-wait", "only begin it: the processes of its domain go on with it")
    .action(async (name: string, options: RebuildOptions, command: Command) => {
      await run(command, async () => (await import("./read-models.ts")).rebuildWork(name, options));
    });
  readModels
    .command("switch <name>")
    .description(named("let another build serve: the newest, or the one that is named"))
    .option("--build <n>", "which one", toBuild)
    .option("--even-if-behind", "although it has not come as far as the one that serves")
    .action(async (name: string, options: SwitchOptions, command: Command) => {
      await run(command, async () => (await import("./read-models.ts")).switchWork(name, options));
    });
  readModels
    .command("drop <name>")
    .description(named("drop builds that do not serve, or all of one that no code declares any more"))
    .option("--build <n>", "only this one", toBuild)
    .action(async (name: string, options: DropOptions, command: Command) => {
      await run(command, async () => (await import("./read-models.ts")).dropWork(name, options));
    });
}
