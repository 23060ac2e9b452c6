import { createClient } from "@polder/http";
import {
  type Api,
  type ApiCore,
  api,
  type CommandContext,
  command,
  type Domain,
  domain,
  domainOf,
  type EventInput,
  type Handler,
  type Implementation,
  implement,
  type Operation,
  publishedApis,
  publishedEvent,
  type Schema,
} from "@polder/model";
import type { Host } from "@polder/runtime";

/** What {@link standInFor} may be told. */
export interface StandInOptions {
  /**
   * What it answers to calls, by API and operation: `{ inventory: { reserve: async ({ input }) => ({ … }) } }`. An
   * operation without an answer fails. Default: it serves no API.
   */
  readonly answers?: Readonly<Record<string, Readonly<Record<string, Answer>>>>;
}

/** Answers a call, or refuses it. The contract holds what it answers, not the compiler. */
type Answer = (context: Pick<CommandContext, "input" | "refuse">) => Promise<unknown>;

/**
 * Stands in for a domain that others listen to or call: it has the domain's name, and does nothing but to publish what
 * it is told by {@link publish}, and to answer what it is told to. So a domain is tested by itself, with news of any
 * kind and in any order.
 */
export function standInFor(declared: Domain, { answers = {} }: StandInOptions = {}): Implementation {
  const told = toldApi(declared.name);
  const apis = publishedApis(declared).filter(({ name }) => name in answers);
  const events = declared.publishes.filter((contract) => contract.kind === "event");
  const standIn: Domain = domain(declared.name, {
    ...declared,
    aggregates: [],
    publishes: [told, ...apis, ...events],
    needs: [],
  });
  const run: Handler["run"] = async ({ input, tx }) => {
    const { name, data } = input as Told;
    const event = publishedEvent(standIn, name);
    if (event === undefined) throw new Error(`${declared.name} does not publish ${name}`);
    tx.publish(event, data);
  };
  const handlers = Object.fromEntries(
    apis.map((served) => [served.name, answering(standIn, served, answers[served.name] ?? {})]),
  );
  const publishing: Handler = {
    kind: "handler",
    domain: standIn.name,
    api: told.name,
    operation: "publish",
    declared: told.publish.declared,
    run,
  };
  // What it serves is only known when it runs, so the compiler cannot hold it.
  return (implement as (domain: Domain, shape: object) => Implementation)(standIn, {
    apis: { ...handlers, [told.name]: { publish: publishing } },
  });
}

/** Has the stand-in of its domain publish an event. */
export async function publish<E extends { readonly kind: "event"; readonly name: string }>(
  host: Host,
  event: E,
  data: EventInput<E>,
): Promise<void> {
  const client = createClient(toldApi(domainOf(event.name)), "1.0.0", { transport: host.transport });
  await client.publish({ name: event.name, data });
}

function answering(
  standIn: Domain,
  served: ApiCore,
  answers: Readonly<Record<string, Answer>>,
): Readonly<Record<string, Handler>> {
  const operations: readonly [string, Operation][] = Object.entries(served.versions[served.newest] ?? {});
  return Object.fromEntries(
    operations.map(([operation, declared]): [string, Handler] => [
      operation,
      {
        kind: "handler",
        domain: standIn.name,
        api: served.name,
        operation,
        declared,
        run: async (context) => {
          const answer = answers[operation];
          if (answer === undefined) throw new Error(`the stand-in has no answer to ${served.name}.${operation}`);
          return await answer(context);
        },
      },
    ]),
  );
}

type ToldOperation = Operation<"command", typeof toldSchema>;

interface Told {
  readonly name: string;
  readonly data: unknown;
}

/** Any object with a name and data: the publisher's contract checks what is in it. */
const toldSchema: Schema<Told> = {
  "~standard": {
    version: 1,
    vendor: "polder",
    validate: (value) => ({ value: value as Told }),
    jsonSchema: { input: () => toldJsonSchema, output: () => toldJsonSchema },
  },
};

const toldJsonSchema = {
  type: "object",
  properties: { name: { type: "string" }, data: { type: "object" } },
  required: ["name", "data"],
};

function toldApi(domainName: string): Api<string, { readonly "1.0.0": { readonly publish: ToldOperation } }> {
  return api(`${domainName}.told`, {
    versions: { "1.0.0": { publish: command("POST /told", { input: toldSchema }) } },
  });
}
