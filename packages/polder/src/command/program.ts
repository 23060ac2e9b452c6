import { Argument, Command, CommanderError, Option } from "commander";
import type { Shell } from "./completion.ts";
import { defineContracts } from "./define-contracts.ts";
import { defineReadModels } from "./define-read-models.ts";
import type { ShowOptions, TailOptions } from "./events.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { domainNames, eventNames, toCount, toPort, toSeconds } from "./option-values.ts";
import type { ReplayOptions } from "./replay.ts";
import type { ListSagasOptions } from "./sagas.ts";
import type { StartOptions } from "./start.ts";
import type { TraceChoice } from "./trace.ts";
import type { CommandInput, Work } from "./work.ts";

/** What the process around the command lends it. */
export type ProgramOptions = Omit<CommandInput, "config" | "json">;

/**
 * Runs the command line. Each command is loaded when it is called, so that help is there at once.
 *
 * @returns the exit code: 0 clean, 1 findings, 2 usage or configuration, 3 could not run.
 */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let code: ExitCode = exitCode.clean;
  const { streams } = options;
  const run: Run = async (command, load) => {
    const { config, json = false } = command.optsWithGlobals<{ config?: string; json?: boolean }>();
    const speaker = { streams, command: nameOf(command), json };
    const { explainFailure, writeFailure, writeResult } = await import("./output.ts");
    try {
      const work = await load();
      code = writeResult(speaker, await work({ ...options, config, json }));
    } catch (error) {
      code = writeFailure(speaker, explainFailure(speaker, error, options.signal));
    }
  };
  try {
    await createProgram(run, options).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCode.clean;
    // It has shown the help instead of what the arguments did not ask for.
    if (error.code === "commander.help") return exitCode.usage;
    return await refuseUsage(error, args, options);
  }
}

/** The command line with all its commands; it does nothing before it is given arguments. */
export function createProgram(run: Run, { streams }: Pick<ProgramOptions, "streams">): Command {
  const program = new Command("polder")
    .description("Carve data domains out of a shared PostgreSQL database, and run them.")
    .option("-c, --config <file>", "configuration (default: the nearest polder.config.ts)")
    .option("--json", "write one JSON object instead of text")
    // Errors of usage are written as all others are.
    .configureOutput({ writeOut: streams.out, writeErr: streams.err, outputError: () => undefined })
    .exitOverride()
    .addHelpText("after", `\nExit codes: ${exitCodes}`);
  defineMaking(program, run);
  defineRunning(program, run);
  defineDatabase(program, run);
  defineLooking(program, run);
  defineContracts(program, run);
  defineEvents(program.command("events").description("look at the events of the domains"), run);
  defineDeadLetters(program.command("dead-letters").description("events that a subscription gave up on"), run);
  defineReadModels(program, run);
  defineSagas(program.command("sagas").description("processes over several domains"), run);
  defineKeys(program.command("keys").description("with which domains prove who they are"), run);
  defineCompletion(program, run);
  return program;
}

const exitCodes = "0 done, 1 done and something to look at, 2 wrong usage or configuration, 3 could not run";

/** Runs the work of a command; the work is loaded when it is needed. */
export type Run = (command: Command, load: () => Promise<Work>) => Promise<void>;

async function refuseUsage(error: CommanderError, args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  const [{ writeFailure }, { commandErrors }] = await Promise.all([import("./output.ts"), import("../errors.ts")]);
  const what = error.message.replace(/^error: /, "").replace(/\.?$/, ".");
  const usage = commandErrors.USAGE(`${what} See "polder --help".`, { argument: what });
  return writeFailure({ streams: options.streams, command: "", json: args.includes("--json") }, usage);
}

const gatewayPort = ["--gateway-port <port>", "port of the gateway (default: the configuration's)", toPort] as const;

function defineMaking(program: Command, run: Run): void {
  program
    .command("init [folder]")
    .description("make a new project with one domain and its test")
    .option("--domain <name>", "name of the first domain", "notes")
    .action(async (folder: string | undefined, options: { domain: string }, command: Command) => {
      await run(command, async () => (await import("./init.ts")).initWork(folder, options));
    });
  const pieces = program.command("new").description("make a domain, or a piece of one, with its test");
  pieces
    .command("domain <name>")
    .description("a domain, such as order")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newDomainWork(name));
    });
  pieces
    .command("api <name>")
    .description("a further API of a domain, such as order.reports")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newApiWork(name));
    });
  pieces
    .command("event <name>")
    .description("an event of a domain, such as order.OrderClosed")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newEventWork(name));
    });
  pieces
    .command("subscription <name>")
    .description("a subscription of a domain, such as order/follow-payment")
    .requiredOption("--event <name>", "the event that it handles, such as payment.PaymentConfirmed")
    .action(async (name: string, options: { event: string }, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newSubscriptionWork(name, options));
    });
  pieces
    .command("read-model <name>")
    .description("a read model of a domain, such as support/order-overview")
    .requiredOption(...eventNames)
    .action(async (name: string, options: { events: readonly string[] }, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newReadModelWork(name, options));
    });
  pieces
    .command("replica <name>")
    .description("a replica of another domain's data, such as support/product-title")
    .requiredOption(...eventNames)
    .action(async (name: string, options: { events: readonly string[] }, command: Command) => {
      await run(command, async () => (await import("./new.ts")).newReplicaWork(name, options));
    });
}

function defineRunning(program: Command, run: Run): void {
  program
    .command("dev")
    .description("run everything here: database, all domains; reload a domain when its files change")
    .option("-p, --port <port>", "port of the APIs", toPort)
    .option(...gatewayPort)
    .option("--no-watch", "do not reload")
    .action(async (options: { port?: number; gatewayPort?: number; watch: boolean }, command: Command) => {
      await run(command, async () => (await import("./dev.ts")).devWork(options));
    });
  program
    .command("start")
    .description("run domains in this process, as in production")
    .option(...domainNames)
    .option("-p, --port <port>", "port of the APIs (default: PORT, or the configuration's)", toPort)
    .option("--gateway", "run the gateway as well")
    .option("--gateway-only", "run the gateway and no domain")
    .option(...gatewayPort)
    .option("--registry", "run the registry of schemas as well")
    .option("--registry-only", "run the registry and no domain")
    .option("--registry-port <port>", "port of the registry (default: the configuration's)", toPort)
    .option("--dev-issuer", "let the gateway give tokens to anybody who asks: never in production")
    .addOption(new Option("--log <format>", "how log lines look").choices(["json", "text"]).default("json"))
    .action(async (options: StartOptions, command: Command) => {
      await run(command, async () => (await import("./start.ts")).startWork(options));
    });
}

function defineDatabase(program: Command, run: Run): void {
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
    .option(...domainNames)
    .option("--dry-run", "only say what would run")
    .action(async (options: { domain?: readonly string[]; dryRun?: boolean }, command: Command) => {
      await run(command, async () => (await import("./migrate.ts")).migrateWork(options));
    });
}

function defineLooking(program: Command, run: Run): void {
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
  program
    .command("doctor")
    .description("what is wrong with the set-up, why it matters, and what to do")
    .action(async (_options: object, command: Command) => {
      await run(command, async () => (await import("./doctor.ts")).doctorWork);
    });
  program
    .command("trace [id]")
    .description("what happened, span by span: of a trace, an event, an event's key, or a failure")
    .option("-n, --count <n>", "without an id: how many of the newest traces", toCount, 20)
    .option("--failed", "without an id: only those with a failure")
    .option("--all", "with an id: every span, also the short ones")
    .action(async (id: string | undefined, options: TraceChoice, command: Command) => {
      await run(command, async () => (await import("./trace.ts")).traceWork(id, options));
    });
}

const asCloudEvents = ["--cloudevents", "as CloudEvents 1.0, one JSON object a line"] as const;

function defineEvents(events: Command, run: Run): void {
  events
    .command("tail")
    .description("the newest events, then each as it comes")
    .option(...domainNames)
    .option("-t, --type <name>", "only this event, such as order.OrderPlaced")
    .option("-k, --key <key>", "only of this key")
    .option("-n, --count <n>", "how many to begin with", toCount, 20)
    .option("--no-follow", "end after the newest ones")
    .option(...asCloudEvents)
    .action(async (options: TailOptions, command: Command) => {
      await run(command, async () => (await import("./events.ts")).tailWork(options));
    });
  events
    .command("show <id>")
    .description("one event, and where every subscription to it stands")
    .option("--as <version>", "what consumers at this version get")
    .option(...asCloudEvents)
    .action(async (id: string, options: ShowOptions, command: Command) => {
      await run(command, async () => (await import("./events.ts")).showWork(id, options));
    });
  events
    .command("replay <subscription>")
    .description("set a subscription, domain/subscription, back: it handles events again")
    .requiredOption("--from <place>", "the first one: a position of the log, or a time such as 2030-01-31T12:00:00Z")
    .option("--publisher <domain>", "whose events, where the subscription follows several")
    .option("--dry-run", "only say what would be handled again")
    .option("--yes", "do it")
    .action(async (name: string, options: ReplayOptions, command: Command) => {
      await run(command, async () => (await import("./replay.ts")).replayWork(name, options));
    });
}

function defineDeadLetters(letters: Command, run: Run): void {
  letters
    .command("list")
    .description("dead letters of all domains")
    .option(...domainNames)
    .option("--all", "also those that are still tried")
    .action(async (options: { domain?: readonly string[]; all?: boolean }, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).listWork(options));
    });
  const isNamed = "as the list names it: domain/subscription/publisher/position";
  letters
    .command("show <letter>")
    .description(`one dead letter, ${isNamed}`)
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).showWork(name));
    });
  letters
    .command("retry <letter>")
    .description("try it again")
    .option("--data <json>", "with this payload instead")
    .action(async (name: string, options: { data?: string }, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).retryWork(name, options));
    });
  letters
    .command("discard <letter>")
    .description("pass over it; later events of its key go on")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./dead-letters.ts")).discardWork(name));
    });
}

function defineSagas(sagas: Command, run: Run): void {
  sagas
    .command("list")
    .description("the sagas that have not ended")
    .option(...domainNames)
    .option("--all", "also those that have ended")
    .option("--stuck", "only those that stand still until somebody looks at them")
    .action(async (options: ListSagasOptions, command: Command) => {
      await run(command, async () => (await import("./sagas.ts")).listWork(options));
    });
  const isNamed = "as the list names it: domain/saga/key";
  sagas
    .command("show <saga>")
    .description(`one saga with its steps, ${isNamed}`)
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./sagas.ts")).showWork(name));
    });
  sagas
    .command("resume <saga>")
    .description("let it go on now")
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async () => (await import("./sagas.ts")).resumeWork(name));
    });
  sagas
    .command("abort <saga>")
    .description("take back what it has done")
    .option("--reason <text>", "why, for whoever looks at it later", "aborted by hand")
    .action(async (name: string, options: { reason: string }, command: Command) => {
      await run(command, async () => (await import("./sagas.ts")).abortWork(name, options));
    });
}

function defineCompletion(program: Command, run: Run): void {
  program
    .command("completion")
    .description("the script with which a shell completes this command")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell, _options: object, command: Command) => {
      await run(command, async () => (await import("./completion.ts")).completionWork(shell, program));
    });
}

function defineKeys(keys: Command, run: Run): void {
  keys
    .command("list")
    .description("every key, and how it stands")
    .action(async (_options: object, command: Command) => {
      await run(command, async () => (await import("./keys.ts")).listKeysWork);
    });
  keys
    .command("rotate [domains...]")
    .description("a new key for these domains (default: all, and the gateway)")
    .option("--delay <seconds>", "until it signs: longer than others take to notice it", toSeconds, 60)
    .action(async (domains: readonly string[], options: { delay: number }, command: Command) => {
      await run(command, async () => (await import("./keys.ts")).rotateKeysWork(domains, options));
    });
  keys
    .command("retire [keys...]")
    .description("remove keys that were replaced; those that are named at once")
    .action(async (kids: readonly string[], _options: object, command: Command) => {
      await run(command, async () => (await import("./keys.ts")).retireKeysWork(kids));
    });
}

function nameOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}
