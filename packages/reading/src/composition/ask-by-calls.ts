import { type Narrow, narrowTo } from "@polder/contracts";
import { startDeadline, valuesThatFit } from "@polder/http";
import type {
  AnySchema,
  Call,
  CallOptions,
  CompositionJoin,
  CompositionSource,
  Domain,
  NeededApi,
} from "@polder/model";
import { type KeyLoader, type KeyOutcome, keyLoader } from "./key-loader.ts";
import type { Asker, PartOutcome } from "./stitch.ts";
import { takingTurns } from "./turns.ts";

/** What asking by calls needs. */
export interface AskByCallsOptions {
  /** What the caller of the composition handed in. */
  readonly input: unknown;
  readonly call: Call<Domain>;
  /** Milliseconds that all calls together may take. */
  readonly deadlineMs: number;
  /** Gives all calls up when one of them aborts. */
  readonly signals: readonly AbortSignal[];
}

/** Calls of one run of a composition at once: it must not take from others what a process may call at a time. */
export const CALLS_AT_ONCE_MAX = 8;

type Fields = Readonly<Record<string, unknown>>;
type Calling = (input: Fields, options: CallOptions) => Promise<PartOutcome<unknown>>;

/**
 * Makes an asker that calls the domains: a few calls at once, none of them past the deadline. Keys go into as few calls
 * as their query takes, and joins of one query share them. What is answered is what the version says that is needed: a
 * field that a newer one has added stays away.
 */
export function askByCalls({ input, call, deadlineMs, signals }: AskByCallsOptions): Asker {
  const endsAtMs = performance.now() + deadlineMs;
  const inTurn = takingTurns(CALLS_AT_ONCE_MAX);
  const loaders = new Map<string, KeyLoader>();

  const ask = async (
    part: CompositionSource,
    fields: Fields,
    isWanted: () => boolean = () => true,
  ): Promise<PartOutcome<unknown>> => {
    const { contract, asked, query } = part;
    const client = call(contract as NeededApi<Domain>) as unknown as Readonly<Record<string, Calling>>;
    const leftMs = Math.min(endsAtMs - performance.now(), part.deadlineMs ?? Number.POSITIVE_INFINITY);
    const { api, operation } = query;
    using deadline = startDeadline({ api, operation, deadlineMs: leftMs, signals });
    const made = inTurn(async () => {
      deadline.signal.throwIfAborted();
      if (!isWanted()) throw new Error("whoever wanted it has failed meanwhile");
      return await (client[operation] as Calling)(fields, {
        deadlineMs: deadline.remainingMs(),
        signal: deadline.signal,
      });
    });
    const outcome = await deadline.race(made);
    if (outcome.ok) return { ...outcome, value: narrowFor(asked.output)(outcome.value) };
    const schema = asked.refusals[outcome.refusal];
    return schema === undefined ? outcome : { ...outcome, details: narrowFor(schema)(outcome.details) };
  };

  const loaderOf = (join: CompositionJoin, fields: Fields, keysPerCall: number): KeyLoader =>
    keyLoader({
      keysPerCall,
      ask: async (keys, isWanted) => {
        const { batch } = join.asked;
        if (batch === undefined) return [oneItem(await ask(join, keys[0] as Fields, isWanted))];
        return itemsByKey(await ask(join, { ...fields, [batch.keys]: keys }, isWanted), batch, keys);
      },
    });

  return {
    source: async (_, source) => await ask(source, fieldsOf(source, input)),
    join: async (_, join, keys) => {
      const fields = fieldsOf(join, input);
      const keysPerCall = keysPerCallOf(join, fields, keys);
      const shared = JSON.stringify([join.query.api, join.query.operation, fields, keysPerCall, join.deadlineMs]);
      const loader = loaders.get(shared) ?? loaderOf(join, fields, keysPerCall);
      loaders.set(shared, loader);
      try {
        return await loader.load(keys);
      } catch (error) {
        // It may have calls left that are not made any more: whoever comes later gets another one.
        loaders.delete(shared);
        throw error;
      }
    },
  };
}

function keysPerCallOf({ asked, keysAtOnce = 1 }: CompositionJoin, fields: Fields, keys: readonly unknown[]): number {
  const { batch } = asked;
  if (batch === undefined) return 1;
  return Math.min(keysAtOnce, valuesThatFit(asked, fields, { field: batch.keys, values: keys }));
}

/** What a part asks for, beside its keys. */
function fieldsOf({ input: wanted }: CompositionSource, input: unknown): Fields {
  const fields = Object.entries(wanted ?? {}).map(([field, from]) => [
    field,
    typeof from === "string" ? (input as Fields)[from] : from.always,
  ]);
  return Object.fromEntries(fields) as Fields;
}

function oneItem(outcome: PartOutcome<unknown>): KeyOutcome {
  return outcome.ok ? { ...outcome, value: [outcome.value] } : outcome;
}

/** Gives each key its items, in the order of the answer. Items of keys that were not asked for are nobody's. */
function itemsByKey(
  outcome: PartOutcome<unknown>,
  { items, key }: { readonly items: string; readonly key: string },
  keys: readonly unknown[],
): readonly KeyOutcome[] {
  if (!outcome.ok) return keys.map(() => outcome);
  const found = Map.groupBy(((outcome.value as Fields)[items] ?? []) as readonly Fields[], (item) => item[key]);
  return keys.map((one) => ({ ...outcome, value: found.get(one) ?? [] }));
}

const narrows = new WeakMap<AnySchema, Narrow>();

/** Worked out once for each schema. */
function narrowFor(schema: AnySchema): Narrow {
  const known = narrows.get(schema);
  if (known !== undefined) return known;
  const narrow = narrowTo(schema);
  narrows.set(schema, narrow);
  return narrow;
}
