import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  api,
  command,
  composition,
  domain,
  implement,
  isComposition,
  isPolderError,
  need,
  type Operation,
  type Problem,
  query,
  type Refusals,
  team,
} from "./index.ts";

const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /orders", {
        input: z.object({ customerId: z.string(), sort: z.string().optional() }),
        output: z.object({ ids: z.array(z.string()) }),
        refusals: { Unknown: z.object({}) },
      }),
      place: command("POST /orders"),
    },
  },
});
const Payment = api("payment", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderIds: z.array(z.string()).max(100), currency: z.string().optional() }),
        output: z.object({ payments: z.array(z.object({ orderId: z.string() })) }),
        batch: { keys: "orderIds", items: "payments", key: "orderId" },
      }),
    },
  },
});
const Parcel = api("parcel", {
  versions: { "1.0.0": { of: query("GET /parcels/:id", { input: z.object({ id: z.string() }) }) } },
});
const Catalog = api("catalog", { versions: { "1.0.0": { list: query("GET /products") } } });

const missing = z.array(z.looseObject({ source: z.string(), code: z.string(), refusal: z.string().optional() }));

/** What the composed query is declared with; the rest is as it should be. */
interface Answered {
  readonly input?: z.ZodObject;
  readonly output?: z.ZodObject;
  readonly refusals?: Refusals;
}

/** Composes the one query of a storefront, from a plan that no compiler has looked at. */
function composing(plan: unknown, { input, output, refusals = { Unknown: z.object({}) } }: Answered = {}) {
  const Storefront = api("storefront", {
    versions: {
      "1.0.0": {
        orderHistory: query("GET /history", {
          input: input ?? z.object({ customerId: z.string() }),
          output: output ?? z.object({ missing }),
          refusals,
        }),
        forget: command("DELETE /history"),
      },
    },
  });
  const storefront = domain("storefront", {
    owner: team("Web", { contact: "#web" }),
    capability: "Show what customers bought",
    publishes: [Storefront],
    needs: [need(Order, "1.0.0"), need(Payment, "1.0.0"), need(Parcel, "1.0.0")],
  });
  return { storefront, Storefront, declare: () => composition(storefront, Storefront.orderHistory, plan as never) };
}

/** The mistakes that a declaration is refused for, each as "place: problem". */
function mistakesOf(declare: () => unknown): readonly string[] {
  try {
    declare();
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    const { problems } = error.details as { readonly problems: readonly Problem[] };
    return problems.map(({ place, problem }) => `${place}: ${problem}`);
  }
  return [];
}

const mistakes = (plan: unknown, answered?: Answered) => mistakesOf(composing(plan, answered).declare);

const answer = () => ({});
const orders = { query: Order.ofCustomer, input: { customerId: "customerId" } };
const payments = { query: Payment.ofOrders, keys: () => [] };

test("a composition is the handler of its query, and knows whom it asks at the version that is needed", () => {
  const { declare, storefront, Storefront } = composing({ sources: { orders }, joins: { payments }, answer });
  const history = declare();
  expect(history).toMatchObject({
    kind: "handler",
    domain: "storefront",
    api: "storefront",
    operation: "orderHistory",
  });
  expect(history.declared).toBe(Storefront.orderHistory.declared);
  expect(isComposition(history)).toBe(true);
  const { sources, joins } = history.composition;
  expect(sources["orders"]).toEqual({
    ...orders,
    contract: Order,
    asked: Order.versions["1.0.0"].ofCustomer as Operation,
  });
  expect(joins["payments"]).toMatchObject({ contract: Payment, keysAtOnce: 100 });
  expect(history.composition.saysMissing).toBe(true);
  // It takes the place of a handler.
  expect(mistakesOf(() => implement(storefront, { apis: { storefront: { orderHistory: history } } } as never))).toEqual(
    ['apis["storefront"].forget: has no handler; write handler(domain, operation, …)'],
  );
});

test("it answers a query that the domain publishes", () => {
  const { storefront, Storefront } = composing({});
  const of = (given: unknown, ref: unknown) => mistakesOf(() => composition(given as never, ref as never, {} as never));
  expect(of(undefined, Storefront.orderHistory)).toEqual([
    "domain: is no domain; write domain(…), in a file that does not import this one",
  ]);
  expect(of(storefront, undefined)).toEqual(['operation: is no operation that "storefront" publishes']);
  expect(of(storefront, Order.ofCustomer)).toEqual(['operation: is no operation that "storefront" publishes']);
  expect(of(storefront, Storefront.forget)).toEqual([
    'operation: "storefront.forget" is a command; a composition only reads',
  ]);
  expect(mistakes(undefined)).toEqual([
    "sources: has none; name the queries that are asked first",
    "answer: is no function; write (found) => output",
  ]);
});

test("its parts are queries that the domain needs, with names of their own", () => {
  const plan = {
    sources: {
      orders,
      Orders: orders,
      nothing: undefined,
      list: { query: Catalog.list },
      placed: { query: Order.place },
      lost: { query: { api: "order", operation: "toString" } },
    },
    joins: { orders: { ...orders, query: Payment.ofOrders, keys: () => [], input: {} } },
    answer,
  };
  expect(mistakes(plan)).toEqual([
    'sources.Orders: "Orders" is not an operation\'s name: it begins with a lower-case letter and has letters and digits only, such as "checkAvailability"',
    "sources.nothing.query: is no query; write query: Api.operation",
    'sources.list.query: asks "catalog", which "storefront" does not need; add need(…)',
    'sources.placed.query: "order" has no query "place" at 1.0.0',
    'sources.lost.query: "order" has no query "toString" at 1.0.0',
    "joins.orders: has the name of a source",
  ]);
});

test("a part says what there is to say, and nothing else", () => {
  const plan = {
    sources: { orders: { ...orders, optinal: true, keys: () => [], deadlineMs: 0, absent: "Unknown" } },
    joins: { payments: { query: Payment.ofOrders, keys: [], keysMax: 1.5, deadlineMs: -1 } },
    answer,
  };
  expect(mistakes(plan)).toEqual([
    "sources.orders.optinal: is no option; there are query, input, optional, absent, deadlineMs",
    "sources.orders.keys: is no option; there are query, input, optional, absent, deadlineMs",
    "sources.orders.deadlineMs: must be a whole number above 0",
    "sources.orders.absent: is no list; write sources.orders.absent: […]",
    "joins.payments.keys: is no function; write keys: (found) => […]",
    "joins.payments.deadlineMs: must be a whole number above 0",
    "joins.payments.keysMax: must be a whole number above 0",
  ]);
});

test("what a part asks for comes from the input, or is always the same", () => {
  const plan = {
    sources: {
      none: { query: Order.ofCustomer },
      strange: { query: Order.ofCustomer, input: { customerId: "customer", page: "customerId" } },
      fixed: { query: Order.ofCustomer, input: { customerId: { always: "c1" }, sort: "customerId" } },
    },
    joins: {
      payments: { ...payments, input: { orderIds: "customerId", currency: { always: "EUR" } } },
      parcels: { query: Parcel.of, keys: () => [], input: { id: "customerId" } },
    },
    answer,
  };
  expect(mistakes(plan)).toEqual([
    'sources.none.input: does not say where "customerId" comes from',
    'sources.strange.input.customerId: "customer" is no field of the input of "orderHistory"',
    "sources.strange.input.page: is no field that the query takes",
    "joins.payments.input.orderIds: is filled with the keys",
    "joins.parcels.input: is said by each key, since the query has no batch",
  ]);
});

test("a refusal of what is required is declared, or says that there is nothing", () => {
  const unsaid =
    'may refuse with "Unknown", which "orderHistory" does not declare; declare it there, name it in "absent", or make this optional';
  const without: Answered = { refusals: {} };
  const plan = (part: object) => ({ sources: { orders: { ...orders, ...part } }, answer });
  expect(mistakes(plan({}), without)).toEqual([`sources.orders: ${unsaid}`]);
  expect(mistakes(plan({ absent: ["Gone"] }), without)).toEqual([
    'sources.orders.absent: "Gone" is no refusal of the query',
    `sources.orders: ${unsaid}`,
  ]);
  for (const part of [{ absent: ["Unknown"] }, { optional: true }]) expect(mistakes(plan(part), without)).toEqual([]);
  expect(mistakes(plan({}))).toEqual([]);
});

describe("what is missing", () => {
  const needed = `needs a list "missing" of objects with "source" and "code"; with Zod: missing: missingSources()`;
  const plan = (optional: boolean) => ({ sources: { orders }, joins: { payments: { ...payments, optional } }, answer });
  const saying = (field: z.ZodType) => ({ output: z.object({ missing: field }) });

  test("is said in the answer where something is optional", () => {
    const output = { output: z.object({ ids: z.array(z.string()) }) };
    expect(mistakes(plan(true), output)).toEqual([
      `operation: "payments" is optional, so the output of "orderHistory" ${needed}`,
    ]);
    expect(mistakes(plan(false), output)).toEqual([]);
    expect(mistakes(plan(true), saying(missing))).toEqual([]);
    // A library may give a schema with a name a place of its own.
    expect(mistakes(plan(true), saying(missing.meta({ id: "Missing" })))).toEqual([]);
  });

  test.each([
    ["no list", z.string()],
    ["a list of texts", z.array(z.string())],
    ["a list without the code", z.array(z.object({ source: z.string() }))],
    [
      "a list with a field that Polder does not fill",
      z.array(z.object({ source: z.string(), code: z.string(), why: z.string() })),
    ],
  ])("is what Polder says: not %s", (_, field) => {
    expect(mistakes(plan(true), saying(field))).toEqual([
      `operation: "payments" is optional, so the output of "orderHistory" ${needed}`,
    ]);
    expect(mistakes(plan(false), saying(field))).toEqual([
      `operation: Polder fills "missing" of "orderHistory", so the output ${needed}`,
    ]);
  });
});

describe("filtering and sorting across sources", () => {
  const readModel =
    'Across domains that takes a read model: readModel(storefront, "order-history", …), built from the events of order, payment.';
  const asking = (field: string) => ({ input: z.object({ customerId: z.string(), [field]: z.string().optional() }) });

  test("is refused, with the read model that it takes", () => {
    expect(mistakes({ sources: { orders }, joins: { payments }, answer }, asking("sort"))).toEqual([
      `input.sort: "sort" reaches no source: to filter or sort by it here would be to do so among the rows that happened to be fetched. Hand it to the source that has the rows, where that query takes it. ${readModel}`,
    ]);
    const joined = { ...payments, input: { currency: "currency" } };
    expect(mistakes({ sources: { orders }, joins: { payments: joined }, answer }, asking("currency"))).toEqual([
      `input.currency: "currency" goes to a join alone: it would filter or sort among the rows that the sources happened to give. ${readModel} If it only changes how what is joined looks, name it in "presentation".`,
    ]);
  });

  test("is the source's where the source takes it", () => {
    const sorted = { ...orders, input: { customerId: "customerId", sort: "sort" } };
    expect(mistakes({ sources: { orders: sorted }, joins: { payments }, answer }, asking("sort"))).toEqual([]);
  });

  test("is not what only changes how something looks", () => {
    const joins = { payments: { ...payments, input: { currency: "currency" } } };
    const plan = (presentation: unknown) => ({ sources: { orders }, joins, presentation, answer });
    expect(mistakes(plan(["currency"]), asking("currency"))).toEqual([]);
    expect(mistakes(plan(["currency", "customerId", "language"]), asking("currency"))).toEqual([
      'presentation: "customerId" is no field of the input that goes to joins alone',
      'presentation: "language" is no field of the input that goes to joins alone',
    ]);
    expect(mistakes(plan("currency"), asking("currency"))).toEqual([
      "presentation: is no list; write presentation: […]",
    ]);
  });
});

test("whatever is handed in, a composition is made or refused, and nothing else happens", () => {
  const key = fc.constantFrom("query", "input", "keys", "absent", "optional", "orders", "customerId", "always");
  const anything = fc.oneof(
    fc.anything({ key }),
    fc.constantFrom(undefined, null, "", {}, [], Order, orders, payments),
  );
  const { storefront, Storefront } = composing({});
  fc.assert(
    fc.property(anything, anything, anything, (a, b, c) => {
      mistakesOf(() => composition(a as never, b as never, c as never));
      mistakesOf(() => composition(storefront, Storefront.orderHistory, a as never));
      mistakes({ sources: a, joins: b, answer: c, presentation: a });
      mistakes({ sources: { orders: a }, joins: { payments: b }, presentation: c, answer });
      mistakes({ sources: { orders: { ...orders, input: a, absent: b, optional: c } }, answer });
      mistakes({ sources: { orders }, joins: { payments: { query: Payment.ofOrders, keys: a, input: b } }, answer });
    }),
    { numRuns: 500 },
  );
});
