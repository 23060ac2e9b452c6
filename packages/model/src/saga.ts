import { type Domain, type NeededEvent, notDomainProblems, type PublishedOperation } from "./domain.ts";
import type { Call } from "./handler.ts";
import { type Operation, schemaProblems } from "./operation.ts";
import type { Refuse, Refused } from "./outcome.ts";
import { type Problem, refuseProblems } from "./problems.ts";
import type { Logger } from "./runtime.ts";
import type { SagaRef } from "./saga-ref.ts";
import type { AnySchema, SchemaInput, SchemaOutput } from "./schema.ts";
import type { NeededDelivery } from "./subscription.ts";
import type { Transaction } from "./transaction.ts";

/** What every step gets. */
export interface StepContext {
  /** Aborts when the step has taken too long, another process has taken over, or this one stops hard. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a step gets that calls other domains, or has other effects outside the database. */
export interface OutsideStepContext<D extends Domain> extends StepContext {
  readonly call: Call<D>;
  /** The same at every attempt: hand it on as the idempotency key. Taking a step back has a key of its own. */
  readonly key: string;
}

/** What a local step gets: what it writes, and that it has been done, commit together. */
export interface LocalStepContext<D extends Domain> extends StepContext {
  readonly tx: Transaction<D>;
}

/** What taking a step back gets besides. */
export interface UndoContext<Result> {
  /** What the step gave, as it was stored: after a way through JSON. */
  readonly result: Result;
  /** Why the saga is taken back. */
  readonly reason: string;
}

/** Work outside the database, and how it is taken back. */
export interface OutsideStep<D extends Domain, Result> {
  /** Is repeated with the same key until it answers. What it gives is stored as JSON and never asked for again. */
  readonly run: (context: OutsideStepContext<D>) => Promise<Result>;
  /** Runs when the saga is taken back; it is repeated with the same key until it succeeds. Default: nothing is to be taken back. */
  readonly undo?: (context: OutsideStepContext<D> & UndoContext<Result>) => Promise<unknown>;
  /** Attempts before the saga gives up and is taken back. Default: that of the saga. */
  readonly attemptsMax?: number;
}

/** Work in the domain's own tables, and how it is taken back. */
export interface LocalStep<D extends Domain, Result> {
  readonly run: (context: LocalStepContext<D>) => Promise<Result>;
  /** Default: nothing is to be taken back. */
  readonly undo?: (context: LocalStepContext<D> & UndoContext<Result>) => Promise<unknown>;
  /** Attempts before the saga gives up and is taken back. Default: that of the saga. */
  readonly attemptsMax?: number;
}

/**
 * What a saga's code works with. The code runs anew after each pause, crash or retry; a step that has been done is not
 * done again but gives what it gave. So between steps the code only decides: same results, same steps, by name.
 */
export interface SagaContext<
  D extends Domain = Domain,
  Input extends AnySchema = AnySchema,
  Answers extends Operation | undefined = undefined,
  Waited extends string = string,
> {
  readonly input: SchemaOutput<Input>;
  /** The key under which it was started. */
  readonly key: string;
  /** Does something outside the database, once under its name: 1 to 100 printable ASCII characters, unique in the saga. */
  readonly step: <Result>(name: string, step: OutsideStep<D, Result>) => Promise<Result>;
  /** Does something in the domain's own tables, exactly once. */
  readonly local: <Result>(name: string, step: LocalStep<D, Result>) => Promise<Result>;
  /** Goes on after that time, in this process or in another. */
  readonly pause: (name: string, durationMs: number) => Promise<void>;
  /** The next event of these that is about this saga, also one that came before; nothing when none came in that time. */
  readonly waitFor: <Name extends Waited>(
    name: string,
    events: readonly Name[],
    options: { readonly timeoutMs: number },
  ) => Promise<(Name extends unknown ? NeededDelivery<D, Name> : never) | undefined>;
  /** Answers those who called the operation, and goes on. The first answer counts. */
  readonly answer: Answers extends Operation ? (output: SchemaInput<Answers["output"]>) => Promise<void> : never;
  /** Makes a refusal of the operation that it answers, for `abort`. */
  readonly refuse: Answers extends Operation ? Refuse<Answers["refusals"]> : never;
  /** Takes back everything that was done, the last step first. A refusal is what callers get who wait for the answer. */
  readonly abort: (reason: string | Refused) => never;
  readonly log: Logger;
}

/** How a saga retries. */
export interface SagaOptions {
  /** Attempts at a step before the saga gives up and is taken back. Default 8. */
  readonly attemptsMax?: number;
  /** Wait before the second attempt, in milliseconds; doubles with each further one, with jitter. Default 500. */
  readonly backoffMs?: number;
  /** Longest wait between two attempts, in milliseconds. Default 300,000. */
  readonly backoffMaxMs?: number;
  /** How long one attempt at a step may take, in milliseconds. Default 30,000. */
  readonly stepTimeoutMs?: number;
}

/** A process over several domains: steps, each with what takes it back. */
export interface Saga<
  DomainName extends string = string,
  Name extends string = string,
  Input extends AnySchema = AnySchema,
  Answers extends Operation | undefined = Operation | undefined,
> extends SagaRef<DomainName, Name, Input, Answers> {
  /** The events that it waits for, each with the key of the saga that it is about. */
  readonly waits: Readonly<Record<string, (data: never) => string>>;
  readonly options: SagaOptions;
  readonly run: (context: never) => Promise<void>;
}

type Waits<D extends Domain> = {
  readonly [Name in NeededEvent<D>["name"]]?: (data: NeededDelivery<D, Name>["data"]) => string;
};

type RefOf<Answers extends Operation | undefined> = SagaRef<string, string, AnySchema, Answers>["answers"];

/** What a saga is declared with. */
export interface SagaShape<D extends Domain, Input extends AnySchema, Answers extends Operation | undefined, Waited> {
  /** What it is started with; stored as JSON. */
  readonly input: Input;
  /** The operation whose callers it answers. */
  readonly answers?: RefOf<Answers> & PublishedOperation<D>;
  /** The events that it may wait for, each with the key of the saga that it is about. */
  readonly waits?: Waited & Waits<D>;
  readonly options?: SagaOptions;
  readonly run: (context: SagaContext<D, Input, Answers, keyof Waited & string>) => Promise<void>;
}

/**
 * Declares a saga: a process over several domains that comes to its end, or leaves nothing behind. It survives the death
 * of its process: whoever runs the domain goes on after the last step that was stored.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function saga<
  D extends Domain,
  const Name extends string,
  Input extends AnySchema,
  Answers extends Operation | undefined = undefined,
  const Waited extends Waits<D> = Record<never, never>,
>(domain: D, name: Name, shape: SagaShape<D, Input, Answers, Waited>): Saga<D["name"], Name, Input, Answers> {
  refuseProblems(`the saga "${name}"`, [
    ...notDomainProblems(domain),
    ...(sagaName.test(name) ? [] : [{ place: "name", problem: `"${name}" is no saga's name: ${nameRule}` }]),
    ...schemaProblems(shape?.input, "input", "input"),
    ...(typeof shape?.run === "function" ? [] : [{ place: "run", problem: "is no function" }]),
    ...optionProblems(shape?.options ?? {}),
  ]);
  return {
    kind: "saga",
    domain: domain.name,
    name,
    input: shape.input,
    answers: shape.answers as Saga<D["name"], Name, Input, Answers>["answers"],
    waits: (shape.waits ?? {}) as Saga["waits"],
    options: shape.options ?? {},
    run: shape.run as Saga["run"],
  };
}

/** Room for `saga-` before it, and for a suffix, in the name of its subscription. */
const sagaName = /^(?=.{1,40}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const nameRule = "lower-case words joined by hyphens, at most 40 characters";

function optionProblems(options: SagaOptions): readonly Problem[] {
  return (["attemptsMax", "backoffMs", "backoffMaxMs", "stepTimeoutMs"] as const)
    .filter((name) => options[name] !== undefined && !(Number.isInteger(options[name]) && options[name] > 0))
    .map((name) => ({ place: `options.${name}`, problem: "must be a whole number above 0" }));
}

/** What is wrong with the sagas of a domain's implementation, if anything. */
export function sagasProblems(domain: Domain, sagas: readonly Saga[]): readonly Problem[] {
  return sagas.flatMap((found, index) => {
    const place = `sagas[${index}]`;
    if (found?.kind !== "saga") return [{ place, problem: "is no saga; write saga(domain, name, …)" }];
    const problems: Problem[] = [];
    if (found.domain !== domain.name) problems.push({ place, problem: `belongs to "${found.domain}"` });
    if (sagas.slice(0, index).some((other) => other?.kind === "saga" && other.name === found.name))
      problems.push({ place, problem: `"${found.name}" stands twice` });
    for (const event of Object.keys(found.waits)) {
      if (!domain.needs.some(({ contract }) => contract.kind === "event" && contract.name === event))
        problems.push({
          place,
          problem: `"${found.name}" waits for "${event}", which the domain does not need; add need(…) to its declaration`,
        });
    }
    return problems;
  });
}
