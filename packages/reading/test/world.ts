import { createHash } from "node:crypto";
import { type CallAnswer, type CallTransport, createClient, httpErrors } from "@polder/http";
import {
  api,
  type Call,
  type Composition,
  composition,
  type Domain,
  declaredNeed,
  domain,
  need,
  query,
  team,
} from "@polder/model";
import { z } from "zod";

// Three domains whose answers a test writes down, in the place of a network that would not fail on demand, and one that
// shows what they know. What really fails is in packages/runtime/test/composition-faults.test.ts.

/** Ids are letters, so that different parts often ask for the same. */
export const letters = ["a", "b", "c", "d", "e", "f", "g"] as const;

const refusals = { Gone: z.object({ id: z.string() }), Locked: z.object({}) };
const item = z.object({ id: z.string(), next: z.string() });

/** The keys that a query for many takes at once. */
export const KEYS_AT_ONCE = 3;

const operations = {
  list: query("GET /list", {
    input: z.object({ start: z.string() }),
    output: z.object({ ids: z.array(z.string()) }),
    refusals,
  }),
  one: query("GET /one/:id", { input: z.object({ id: z.string() }), output: item, refusals }),
  many: query("GET /many", {
    input: z.object({ ids: z.array(z.string()).max(KEYS_AT_ONCE) }),
    output: z.object({ items: z.array(item) }),
    batch: { keys: "ids", items: "items", key: "id" },
  }),
};

const apis = {
  near: api("near", { versions: { "1.0.0": operations } }),
  far: api("far", { versions: { "1.0.0": operations } }),
  /** Something stands in for it where it fails, but for single ids. */
  soft: api("soft", { versions: { "1.0.0": operations } }),
};

const View = api("view", {
  versions: {
    "1.0.0": {
      show: query("GET /show/:start", {
        input: z.object({ start: z.string() }),
        output: z.object({
          parts: z.record(z.string(), z.unknown()),
          missing: z.array(
            z.object({
              source: z.string(),
              code: z.string(),
              refusal: z.string().optional(),
              substituted: z.boolean().optional(),
            }),
          ),
        }),
        refusals,
      }),
    },
  },
});

const fallbacks = { list: () => ({ ids: ["a"] }), many: () => ({ items: [] }) };
const view: Domain = domain("view", {
  owner: team("Viewers", { contact: "#viewers" }),
  capability: "Show what others know",
  publishes: [View],
  needs: [need(apis.near, "1.0.0"), need(apis.far, "1.0.0"), need(apis.soft, "1.0.0", { fallbacks })],
});

/** Whom a part asks. */
export type Owner = keyof typeof apis;
export type Kind = keyof typeof operations;

/** A part of a composition that a test makes up: a source where it reads nothing. */
export interface PartSpec {
  readonly name: string;
  readonly owner: Owner;
  readonly kind: Kind;
  readonly optional: boolean;
  readonly isGoneAbsent: boolean;
  readonly keysMax?: number | undefined;
  /** What the keys are made of; only of joins. */
  readonly reads: readonly string[];
}

/** What a composition makes of its parts: all that is in them. */
type Found = Readonly<Record<string, unknown>>;

interface JoinedLike {
  readonly all: (key: unknown) => readonly { readonly next: string }[];
}

/** All items that a join has found, by letter. */
export function itemsOf(kind: Kind, value: unknown): readonly { readonly next: string }[] {
  const { all } = value as JoinedLike;
  return letters.flatMap((id) => all(kind === "one" ? { id } : id));
}

/** The letters that a part has found. */
function lettersIn(specs: readonly PartSpec[], name: string, found: Found): readonly string[] {
  const spec = specs.find((one) => one.name === name);
  const value = found[name];
  if (spec === undefined || value === undefined || value === null) return [];
  if (spec.reads.length > 0) return itemsOf(spec.kind, value).map(({ next }) => next);
  return (value as { readonly ids: readonly string[] }).ids;
}

/** Composes what is made up, in the order in which it stands there. */
export function composed(specs: readonly PartSpec[]): Composition {
  const partOf = ({ owner, kind, optional, isGoneAbsent, keysMax, reads }: PartSpec) => ({
    query: apis[owner][kind],
    optional,
    ...(isGoneAbsent && kind !== "many" ? { absent: ["Gone"] } : {}),
    ...(reads.length === 0
      ? { input: { start: "start" } }
      : {
          keys: (found: Found) => {
            const ids = reads.flatMap((name) => lettersIn(specs, name, found));
            return kind === "one" ? ids.map((id) => ({ id })) : ids;
          },
          ...(keysMax === undefined ? {} : { keysMax }),
        }),
  });
  const named = (some: readonly PartSpec[]) => Object.fromEntries(some.map((spec) => [spec.name, partOf(spec)]));
  const answer = (found: Found) => ({
    parts: Object.fromEntries(
      specs.map(({ name, kind, reads }) => {
        const value = found[name];
        return [name, reads.length > 0 && value !== undefined ? itemsOf(kind, value) : value];
      }),
    ),
  });
  const sources = named(specs.filter(({ reads }) => reads.length === 0));
  const joins = named(specs.filter(({ reads }) => reads.length > 0));
  return composition(view, View.show as never, { sources, joins, answer } as never);
}

/** How an operation behaves. */
export const behaviours = ["answers", "unreachable", "garbage", "busy", "broken", "refuses"] as const;
export type Behaviour = (typeof behaviours)[number];

/** How each operation behaves, as `near.list`. What is not named answers. */
export type World = Readonly<Record<string, Behaviour>>;

/** What there is, made up once and for all: the same question has the same answer. */
export const truth = {
  list: (owner: string, start: string): readonly string[] =>
    letters.filter((letter) => chance(owner, "list", start, letter) < 3),
  one: (owner: string, id: string): { readonly next: string } | "Gone" | "Locked" => {
    const luck = chance(owner, "one", id);
    if (luck === 0) return "Gone";
    return luck === 1 ? "Locked" : { next: letters[luck % letters.length] ?? "a" };
  },
  many: (owner: string, id: string): readonly { readonly next: string }[] =>
    letters.filter((letter) => chance(owner, "many", id, letter) < 2).map((next) => ({ next })),
};

/** A number from 0 to 9 that is always the same for the same words. */
function chance(...words: readonly string[]): number {
  return (createHash("sha256").update(words.join()).digest()[0] ?? 0) % 10;
}

/** What was asked of the domains of a world. */
export interface Asked {
  readonly calls: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** Calls at once at most. */
  concurrentMax: number;
}

/** Makes the `call` of a handler into a world. Each call takes some turns of the event loop. */
export function callInto(
  world: World,
  turnsOf: (operation: string, input: unknown) => number,
): { readonly call: Call<Domain>; readonly asked: Asked } {
  const asked: Asked = { calls: [], concurrentMax: 0 };
  let running = 0;
  const transport: CallTransport = {
    call: async ({ api: owner, operation, input }, { signal }) => {
      const name = `${owner}.${operation}`;
      asked.calls.push({ operation: name, input: input as Readonly<Record<string, unknown>> });
      running += 1;
      asked.concurrentMax = Math.max(asked.concurrentMax, running);
      for (let turn = turnsOf(name, input); turn > 0 && !signal.aborted; turn -= 1) await new Promise(setImmediate);
      running -= 1;
      return answerOf(world[name] ?? "answers", { owner, operation, input });
    },
  };
  const call = (contract: { readonly name: string }): unknown => {
    const { fallbacks: standIns = {} } = declaredNeed(view, contract.name) ?? {};
    return createClient(contract as typeof apis.near, "1.0.0", {
      transport,
      caller: "view",
      fallbacks: standIns as never,
    });
  };
  return { call: call as Call<Domain>, asked };
}

function answerOf(
  behaviour: Behaviour,
  { owner, operation, input }: { readonly owner: string; readonly operation: string; readonly input: unknown },
): CallAnswer {
  if (behaviour === "unreachable") throw httpErrors.CALL_UNREACHABLE("Nobody is there.", { api: owner, operation });
  if (behaviour === "garbage") return { kind: "answered", output: "garbage" };
  if (behaviour === "refuses") return { kind: "refused", refusal: "Later", details: {} };
  if (behaviour === "busy") return failed(503, "OVERLOADED");
  if (behaviour === "broken") return failed(500, "HANDLER_FAILED");
  const { start = "", id = "", ids = [] } = input as { start?: string; id?: string; ids?: readonly string[] };
  if (operation === "list") return { kind: "answered", output: { ids: truth.list(owner, start) } };
  if (operation === "many") {
    const items = ids.flatMap((one) => truth.many(owner, one).map((found) => ({ id: one, ...found })));
    // In an order of its own, with something that nobody asked for, and a field that is newer than its reader.
    return { kind: "answered", output: { items: [...items.reverse(), { id: "?", next: "a", since: 2 }] } };
  }
  const found = truth.one(owner, id);
  if (found === "Gone") return { kind: "refused", refusal: "Gone", details: { id, since: 2 } };
  if (found === "Locked") return { kind: "refused", refusal: "Locked", details: {} };
  return { kind: "answered", output: { id, ...found, since: 2 } };
}

function failed(status: number, code: string): CallAnswer {
  return { kind: "failed", problem: { type: `/docs/errors/${code}`, title: code, status, detail: code, code } };
}
