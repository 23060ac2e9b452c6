import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { CommandResult, ExitCode, Streams } from "./output.ts";
import { exitCode, writeFailure, writeResult } from "./output.ts";

/** What a command is told besides its own arguments. */
export interface CommandInput {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Aborts when the user or the system asks the process to end. */
  readonly signal: AbortSignal;
  /** Aborts when it asks a second time: do not wait any longer. */
  readonly hardSignal: AbortSignal;
}

/** What the process around the command lends it. */
export type ProgramOptions = Omit<CommandInput, "config" | "json">;

/** The work of a command. One that runs until it is stopped writes by itself and gives nothing. */
export type Work = (input: CommandInput) => Promise<CommandResult | undefined>;

/**
 * Runs the command line. Each command is loaded when it is called, so that help is there at once.
 *
 * @returns the exit code: 0 clean, 1 findings, 2 usage or configuration, 3 could not run.
 */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let code: ExitCode = exitCode.clean;
  const { streams } = options;
  const program = new Command("polder")
    .description("Carve data domains out of a shared PostgreSQL database, and run them.")
    .option("-c, --config <file>", "configuration (default: the nearest polder.config.ts)")
    .option("--json", "write one JSON object instead of text")
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .exitOverride()
    .showHelpAfterError("Try polder --help.");

  const run = async (command: Command, load: () => Promise<Work>): Promise<void> => {
    const name = nameOf(command);
    const shared = command.optsWithGlobals<{ config?: string; json?: boolean }>();
    const json = shared.json ?? false;
    try {
      const work = await load();
      const result = await work({ ...options, config: shared.config, json });
      if (result !== undefined) code = writeResult(streams, name, result, json);
    } catch (error) {
      code = writeFailure(streams, name, error, json);
    }
  };
  defineCommands(program, run);
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCode.clean : exitCode.usage;
  }
  return code;
}

type Run = (command: Command, load: () => Promise<Work>) => Promise<void>;

function defineCommands(program: Command, run: Run): void {
  program
    .command("dev")
    .description("run everything here: database, all domains; reload a domain when its files change")
    .option("-p, --port <port>", "port of the APIs", toPort)
    .option("--no-watch", "do not reload")
    .action(async (options: { port?: number; watch: boolean }, command: Command) => {
      await run(command, async () => (await import("./dev.ts")).devWork(options));
    });
  program
    .command("start")
    .description("run domains in this process, as in production")
    .option("-d, --domain <names>", "only these, with commas between them", toList)
    .option("-p, --port <port>", "port of the APIs", toPort)
    .addOption(new Option("--log <format>", "how log lines look").choices(["json", "text"]).default("json"))
    .action(async (options: { domain?: readonly string[]; port?: number; log: "json" | "text" }, command: Command) => {
      await run(command, async () => (await import("./start.ts")).startWork(options));
    });
  program
    .command("provision")
    .description("give every domain its schema, roles and rights; report what disagrees")
    .option("--dry-run", "only say what would be done")
    .option("--set-passwords", "set the password of every login again")
    .action(async (options: { dryRun?: boolean; setPasswords?: boolean }, command: Command) => {
      await run(command, async () => (await import("./provision.ts")).provisionWork(options));
    });
  program
    .command("migrate")
    .description("run the migrations that have not run yet")
    .option("-d, --domain <names>", "only these, with commas between them", toList)
    .option("--dry-run", "only say what would run")
    .action(async (options: { domain?: readonly string[]; dryRun?: boolean }, command: Command) => {
      await run(command, async () => (await import("./migrate.ts")).migrateWork(options));
    });
  program
    .command("domains")
    .description("who owns what, what it publishes, and what it needs")
    .action(async (_options: object, command: Command) => {
      await run(command, async () => (await import("./domains.ts")).domainsWork);
    });
  program
    .command("subscriptions")
    .description("how far every subscription has come")
    .action(async (_options: object, command: Command) => {
      await run(command, async () => (await import("./subscriptions.ts")).subscriptionsWork);
    });
  defineEvents(program.command("events").description("look at the events of the domains"), run);
  defineDeadLetters(program.command("dead-letters").description("events that a subscription gave up on"), run);
}

function defineEvents(events: Command, run: Run): void {
  const filters = (command: Command): Command =>
    command
      .option("-d, --domain <names>", "only of these, with commas between them", toList)
      .option("-t, --type <name>", "only this event, such as order.OrderPlaced")
      .option("-k, --key <key>", "only of this key")
      .option("-n, --count <n>", "how many to begin with", toCount, 20);
  filters(events.command("tail").description("the newest events, then each as it comes"))
    .option("--no-follow", "end after the newest ones")
    .action(async (options: TailOptions, command: Command) => {
      await run(command, async () => (await import("./events.ts")).tailWork(options));
    });
  events
    .command("show <id>")
    .description("one event, and where every subscription to it stands")
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./events.ts")).showWork(id));
    });
}

/** The options of `polder events tail`. */
export interface TailOptions {
  readonly domain?: readonly string[];
  readonly type?: string;
  readonly key?: string;
  readonly count: number;
  readonly follow: boolean;
}

function defineDeadLetters(letters: Command, run: Run): void {
  letters
    .command("list")
    .description("dead letters of all domains")
    .option("-d, --domain <names>", "only of these, with commas between them", toList)
    .option("--all", "also those that are still tried")
    .action(async (options: { domain?: readonly string[]; all?: boolean }, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).listWork(options));
    });
  const letter = "<letter>";
  const isNamed = "as the list names it: domain/subscription/publisher/position";
  letters
    .command(`show ${letter}`)
    .description(`one dead letter, ${isNamed}`)
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).showWork(name));
    });
  letters
    .command(`retry ${letter}`)
    .description("try it again")
    .option("--data <json>", "with this payload instead")
    .action(async (name: string, options: { data?: string }, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).retryWork(name, options));
    });
  letters
    .command(`discard ${letter}`)
    .description("pass over it; later events of its key go on")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).discardWork(name));
    });
}

function nameOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

function toPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("It is a whole number from 0 to 65535.");
  return port;
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError("It is a whole number from 1 to 1000.");
  return count;
}

function toList(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
