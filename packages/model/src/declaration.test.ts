import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type AnyApi,
  aggregate,
  api,
  batchSubscription,
  command,
  type Domain,
  domain,
  event,
  handler,
  implement,
  isPolderError,
  need,
  outsideSubscription,
  type Problem,
  query,
  saga,
  subscription,
  team,
} from "./index.ts";

/** The mistakes that a declaration is refused for, each as "place: problem". */
function mistakesOf(declare: () => unknown): readonly string[] {
  try {
    declare();
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    const { problems } = error.details as { readonly problems: readonly Problem[] };
    const mistakes = problems.map(({ place, problem }) => `${place}: ${problem}`);
    // The message lists so many and counts the rest.
    for (const mistake of mistakes.slice(0, 50)) expect(error.message).toContain(mistake);
    return mistakes;
  }
  return [];
}

// What a program says that no compiler has looked at: Node runs TypeScript without checking it.
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
const wrong = (value: unknown): any => value;

const warehouse = team("Warehouse", { contact: "#warehouse" });
const right = { owner: warehouse, capability: "Know and promise stock" };
const text = z.object({ sku: z.string() });
const Inventory = api("inventory", {
  versions: {
    "1.0.0": { reserve: command("POST /reservations"), available: query("GET /stock/:sku", { input: text }) },
  },
});
const Counted = event("inventory.Counted", { key: "sku", versions: { "1.0.0": text } });
const Placed = event("order.Placed", { key: "sku", versions: { "1.0.0": text } });
const inventory = domain("inventory", {
  ...right,
  publishes: [Inventory, Counted],
  needs: [need(Placed, "1.0.0")],
});
const order = domain("order", { ...right, publishes: [Placed], needs: [need(Inventory, "1.0.0")] });
const [reserve, available] = [
  handler(inventory, Inventory.reserve, async () => undefined),
  handler(inventory, Inventory.available, async () => undefined),
];
const follow = subscription(inventory, "follow", { "order.Placed": async () => undefined });

describe("names", () => {
  test.each([
    ["Order", "is not a domain's name"],
    ["order_line", "is not a domain's name"],
    ["-order", "is not a domain's name"],
    ["", "is not a domain's name"],
    [undefined, "is not a domain's name"],
    [7, "is not a domain's name"],
    ["gateway", "is reserved"],
    ["contracts", "is reserved"],
    ["a".repeat(41), "is longer than 40 characters"],
    ["polder", "is reserved"],
    ["public", "is reserved"],
    ["pg-stat", "is reserved"],
  ])("a domain is not called %s", (name, problem) => {
    const found = [mistakesOf(() => domain(wrong(name), right)), mistakesOf(() => api(wrong(name), Inventory))];
    expect(found).toEqual([[expect.stringContaining(problem)], [expect.stringContaining(problem)]]);
  });

  test.each([
    "inventory",
    "inventory.counted",
    "inventory.Counted.Twice",
    "Inventory.Counted",
    "inventory.",
    undefined,
  ])("an event is not called %s", (name) => {
    const mistakes = mistakesOf(() => event(wrong(name), { key: "sku", versions: { "1.0.0": text } }));
    expect(mistakes.length).toBeGreaterThan(0);
    for (const mistake of mistakes) expect(mistake).toMatch(/^name: /);
  });

  test("names that are right are taken", () => {
    expect(domain("product-catalog-2", right).name).toBe("product-catalog-2");
    expect(api("inventory.internal", Inventory).name).toBe("inventory.internal");
  });
});

test("an API is refused with all its mistakes and their places", () => {
  const operations = {
    Reserve: command("POST /a"),
    newest: command("POST /b"),
    nothing: wrong(undefined),
    read: wrong(query)("POST /c"),
    write: wrong(command)("GET /d"),
    upper: command("POST /Upper/:id"),
    bare: wrong(command)("POST"),
    twice: command("POST /same/:a", { input: z.object({ a: z.string() }) }),
    again: command("POST /same/:b", { input: z.object({ b: z.string() }) }),
    plain: command("POST /e", { input: wrong({ type: "object" }) }),
    dated: command("POST /f", { input: z.object({ at: z.date() }), output: z.date() }),
    listed: command("POST /g", { input: z.array(z.string()) }),
    refused: command("POST /h", { refusals: { Late: z.date(), Odd: wrong("text") } }),
    missing: command("POST /i/:id", { input: z.object({ other: z.string() }) }),
    optional: command("POST /j/:id", { input: z.object({ id: z.string().optional() }) }),
    nested: command("POST /k/:id", { input: z.object({ id: z.object({ n: z.int() }) }) }),
    deep: query("GET /l", { input: z.object({ filter: z.object({ n: z.int() }), tags: z.array(z.string()) }) }),
  };
  const at = 'versions["1.0.0"]';
  const cannot = expect.stringMatching(/: cannot be written as JSON Schema, so it cannot travel: /);
  const mistakes = mistakesOf(() => api("inventory", { versions: { "1.0": {}, "1.0.0": operations } }));
  expect(mistakes).toEqual([
    'versions["1.0"]: "1.0" is no semantic version such as "1.0.0"',
    'versions["1.0"]: has no operation',
    `${at}.Reserve: "Reserve" is not an operation's name: it begins with a lower-case letter and has letters and digits only, such as "checkAvailability"`,
    `${at}.newest: "newest" is reserved; choose another name`,
    `${at}.nothing: is no operation; write query(…) or command(…)`,
    `${at}.read: a query takes GET, not "POST"`,
    `${at}.write: a command takes POST, PUT, PATCH, DELETE, not "GET"`,
    `${at}.upper: "/Upper/:id" is no path: segments of lower-case letters, digits and hyphens, or parameters such as ":sku"`,
    `${at}.upper.input: has no field "id", which the path names`,
    `${at}.bare: "" is no path: segments of lower-case letters, digits and hyphens, or parameters such as ":sku"`,
    `${at}.again: has the same route as "twice"`,
    `${at}.plain.input: is no schema of a library that speaks Standard Schema with JSON Schema (Zod from 4.2, ArkType, Valibot with its wrapper)`,
    cannot,
    cannot,
    `${at}.listed.input: must be an object`,
    cannot,
    `${at}.refused.refusals.Odd: is no schema of a library that speaks Standard Schema with JSON Schema (Zod from 4.2, ArkType, Valibot with its wrapper)`,
    `${at}.missing.input: has no field "id", which the path names`,
    `${at}.optional.input.id: is in the path, so it must be required`,
    `${at}.nested.input.id: is in the path, so it must be a string, a number or a boolean`,
    `${at}.deep.input.filter: travels in the query string, so it must be a scalar or a list of scalars; take a command for more`,
  ]);
});

test("an API and an event without versions", () => {
  for (const shape of [undefined, {}, { versions: {} }, { versions: null }]) {
    expect(mistakesOf(() => api("inventory", wrong(shape)))).toEqual([
      'versions: has no version; write versions: { "1.0.0": { … } }',
    ]);
    expect(mistakesOf(() => event("inventory.Counted", wrong(shape)))).toEqual([
      'versions: has no version; write versions: { "1.0.0": schema }',
    ]);
  }
});

test("an event is refused with all its mistakes and their places", () => {
  const versions = {
    "1": text,
    "1.0.0": z.object({ other: z.string() }),
    "1.1.0": z.object({ sku: z.string().optional() }),
    "1.2.0": z.object({ sku: z.array(z.string()) }),
    "1.3.0": z.array(z.string()),
    "1.4.0": wrong({}),
    "1.5.0": z.object({ sku: z.string(), at: z.date() }),
  };
  const keyless = (version: string) =>
    `versions["${version}"]: has no required string or number "sku", which is the event's key`;
  expect(mistakesOf(() => event("inventory.Counted", wrong({ key: "sku", versions })))).toEqual([
    'versions["1"]: "1" is no semantic version such as "1.0.0"',
    keyless("1.0.0"),
    keyless("1.1.0"),
    keyless("1.2.0"),
    'versions["1.3.0"]: must be an object',
    expect.stringMatching(/^versions\["1\.4\.0"\]: is no schema of a library/),
    expect.stringMatching(/^versions\["1\.5\.0"\]: cannot be written as JSON Schema/),
  ]);
});

describe("a domain", () => {
  test("is refused with all its mistakes and their places", () => {
    const shape = {
      owner: { kind: "team", name: "Warehouse" },
      capability: " ",
      aggregates: [
        undefined,
        aggregate("", { root: "stock" }),
        wrong(aggregate)("Shelf"),
        aggregate("Stock", { root: "stock", parts: ["Line"] }),
        aggregate("Delivery", { root: "delivery", parts: ["stock"] }),
      ],
      publishes: [undefined, Placed, Inventory, Inventory],
      needs: [
        undefined,
        need(Placed, wrong("9.0.0")),
        need(Inventory, "1.0.0"),
        need(wrong(undefined), wrong("1.0.0")),
      ],
    };
    expect(mistakesOf(() => domain("inventory", wrong(shape)))).toEqual([
      "owner: needs a name and a contact",
      "capability: is missing: say in a few words what the business gets from this domain",
      "aggregates[0]: is no aggregate; write aggregate(…)",
      "aggregates[1]: has no name",
      'aggregates[2]: "undefined" is no table\'s name: lower-case letters, digits and underscores, beginning with a letter',
      'aggregates[3]: "Line" is no table\'s name: lower-case letters, digits and underscores, beginning with a letter',
      'aggregates[4]: "stock" belongs to the aggregate "Stock" already; a table is kept by one aggregate',
      "publishes[0]: is no contract; write api(…) or event(…)",
      'publishes[1]: "order.Placed" belongs to "order"; a domain publishes only contracts named after itself',
      'publishes: names "inventory" twice',
      "needs[0]: is no use of a contract; write need(contract, version)",
      'needs[1]: "order.Placed" has no version 9.0.0; it has 1.0.0',
      'needs[2]: "inventory" is the domain\'s own API; inside a domain call the function itself',
      "needs[3]: is no use of a contract; write need(contract, version)",
    ]);
  });

  test("says what is missing, and where brackets are", () => {
    expect(mistakesOf(() => domain("inventory", wrong(undefined)))).toEqual([
      "owner: is missing: every domain has one accountable team; write owner: team(…)",
      "capability: is missing: say in a few words what the business gets from this domain",
    ]);
    const shape = { ...right, aggregates: "stock", publishes: Inventory, needs: need(Placed, "1.0.0") };
    expect(mistakesOf(() => domain("inventory", wrong(shape)))).toEqual([
      "aggregates: is no list; write aggregates: […]",
      "publishes: is no list; write publishes: […]",
      "needs: is no list; write needs: […]",
    ]);
  });
});

describe("an implementation", () => {
  test("is refused with all its mistakes and their places", () => {
    const shape = {
      apis: { inventory: { reserve: available }, billing: { pay: reserve } },
      subscriptions: [
        undefined,
        follow,
        follow,
        subscription(order, "follow-up", {}),
        subscription(inventory, wrong("Follow"), wrong({ "inventory.Counted": async () => undefined })),
        wrong(subscription)(inventory, undefined, { "order.Placed": async () => undefined }),
        batchSubscription(inventory, "batch", ["order.Placed"], async () => undefined, {
          attemptsMax: 0,
          backoffMs: -1,
          backoffMaxMs: 1.5,
          batchSizeMax: Number.NaN,
          timeoutMs: Number.POSITIVE_INFINITY,
        }),
        subscription(inventory, "a".repeat(64), { "order.Placed": async () => undefined }),
        subscription(inventory, "a".repeat(63), { "order.Placed": async () => undefined }),
      ],
    };
    const whole = "must be a whole number above 0";
    expect(mistakesOf(() => implement(inventory, wrong(shape)))).toEqual([
      'apis["inventory"].available: has no handler; write handler(domain, operation, …)',
      'apis["inventory"].reserve: is the handler of inventory\'s "inventory.available"',
      'apis["billing"]: "inventory" publishes no API "billing"',
      "subscriptions[0]: is no subscription; write subscription(domain, name, …)",
      'subscriptions[2]: "follow" stands twice',
      'subscriptions[3]: belongs to "order"',
      'subscriptions[3]: "follow-up" handles no event',
      'subscriptions[4]: "Follow" is no subscription\'s name: lower-case words joined by hyphens',
      'subscriptions[4]: "Follow" handles "inventory.Counted", which the domain does not need; add need(…) to its declaration',
      'subscriptions[5]: "undefined" is no subscription\'s name: lower-case words joined by hyphens',
      ...["attemptsMax", "backoffMs", "backoffMaxMs", "batchSizeMax", "timeoutMs"].map(
        (option) => `subscriptions[6].options.${option}: ${whole}`,
      ),
      `subscriptions[7]: "${"a".repeat(64)}" is longer than 63 characters`,
    ]);
  });

  test("says what is missing, and where brackets are", () => {
    expect(mistakesOf(() => implement(inventory, wrong(undefined)))).toEqual([
      'apis["inventory"].reserve: has no handler; write handler(domain, operation, …)',
      'apis["inventory"].available: has no handler; write handler(domain, operation, …)',
    ]);
    expect(mistakesOf(() => implement(order, wrong({ subscriptions: follow })))).toEqual([
      "subscriptions: is no list; write subscriptions: […]",
    ]);
  });

  test("that is right is taken as it is", () => {
    const apis = { inventory: { reserve, available } };
    expect(implement(inventory, { apis, subscriptions: [follow] })).toEqual({
      kind: "implementation",
      domain: inventory,
      apis,
      subscriptions: [follow],
      sagas: [],
      readModels: [],
      replicas: [],
    });
  });
});

describe("a saga", () => {
  const run = async () => undefined;
  const input = z.object({ orderId: z.string() });

  test.each([
    ["a name in capitals", () => saga(order, "Ship", { input, run }), "name: "],
    ["a name of 41 letters", () => saga(order, "s".repeat(41), { input, run }), "name: "],
    ["no input", () => saga(order, "ship", wrong({ run })), "input: is no schema"],
    ["no code", () => saga(order, "ship", wrong({ input })), "run: is no function"],
    ["no attempts", () => saga(order, "ship", { input, run, options: { attemptsMax: 0 } }), "options.attemptsMax: "],
    ["no domain", () => saga(wrong(undefined), "ship", { input, run }), "domain: is no domain"],
  ])("with %s is refused", (_what, declare, mistake) => {
    expect(mistakesOf(declare)).toEqual([expect.stringContaining(mistake)]);
  });

  test("that does not belong to an implementation is refused with its place", () => {
    const ship = saga(order, "ship", { input, run });
    const stray = { ...ship, name: "stray", domain: "payment" };
    const waiting = { ...ship, name: "waiting", waits: { "bank.Paid": () => "" } };
    expect(mistakesOf(() => implement(order, wrong({ sagas: [ship, ship, stray, waiting, {}] })))).toEqual([
      'sagas[1]: "ship" stands twice',
      'sagas[2]: belongs to "payment"',
      'sagas[3]: "waiting" waits for "bank.Paid", which the domain does not need; add need(…) to its declaration',
      "sagas[4]: is no saga; write saga(domain, name, …)",
    ]);
  });

  test("keeps its names for its own subscription", () => {
    const taken = { ...follow, name: "saga-ship" };
    expect(
      mistakesOf(() =>
        implement(inventory, wrong({ apis: { inventory: { reserve, available } }, subscriptions: [taken] })),
      ),
    ).toEqual(['subscriptions[0]: "saga-ship" begins with "saga-", which is kept for what Polder subscribes itself']);
  });
});

test("what two modules lack of each other when they import each other is said where it is missed", () => {
  const absent = wrong(undefined) as Domain;
  const noDomain = "domain: is no domain; write domain(…), in a file that does not import this one";
  expect(mistakesOf(() => implement(absent, wrong({})))).toEqual([noDomain]);
  expect(mistakesOf(() => subscription(absent, "s", {}))).toEqual([noDomain]);
  expect(mistakesOf(() => outsideSubscription(absent, "s", {}))).toEqual([noDomain]);
  expect(mistakesOf(() => batchSubscription(absent, "s", [], async () => undefined))).toEqual([noDomain]);
  const misspelt = wrong(Inventory as AnyApi)["reserv"];
  expect(mistakesOf(() => handler(wrong(absent), misspelt, async () => undefined))).toEqual([
    noDomain,
    "operation: is no operation; write handler(domain, Api.operation, …)",
  ]);
});

test("a long list of mistakes is cut in the message, never in the details", () => {
  const versions = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`v${n}`, { go: query("GET /go") }]));
  try {
    api("inventory", { versions });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ details: { what: 'the API "inventory"' } });
    expect(error).toHaveProperty("details.problems.length", 60);
    expect(String(error)).toMatch(/has 60 mistakes.*and 10 more$/s);
  }
});

test("whatever is handed in, a declaration is made or refused, and nothing else happens", () => {
  const key = fc.constantFrom("a", "kind", "name", "versions", "key", "owner", "needs", "apis", "1.0.0", "");
  const anything = fc.oneof(
    fc.anything({ key }),
    fc.constantFrom(undefined, null, "", {}, [], Inventory, Placed, warehouse),
  );
  const dictionary = fc.dictionary(fc.oneof(fc.constant("1.0.0"), fc.string()), anything);
  fc.assert(
    fc.property(anything, anything, dictionary, (a, b, some) => {
      mistakesOf(() => api(wrong(a), wrong(b)));
      mistakesOf(() => api("inventory", wrong({ versions: some })));
      mistakesOf(() => api("inventory", wrong({ versions: { "1.0.0": some } })));
      mistakesOf(() => api("inventory", { versions: { "1.0.0": { go: command("POST /go", wrong(b)) } } }));
      mistakesOf(() => event(wrong(a), wrong(b)));
      mistakesOf(() => event("order.Placed", wrong({ key: a, versions: some })));
      mistakesOf(() => domain(wrong(a), wrong(b)));
      mistakesOf(() => domain("order", { ...right, needs: [need(Inventory, "1.0.0", wrong(a))] }));
      mistakesOf(() => domain("order", { ...right, needs: [need(Inventory, "1.0.0", { fallbacks: wrong(b) })] }));
      mistakesOf(() => domain("order", wrong({ owner: a, capability: b, aggregates: a, publishes: b, needs: [a] })));
      mistakesOf(() => implement(wrong(a), wrong(b)));
      mistakesOf(() => implement(inventory, wrong({ apis: some, subscriptions: [a] })));
      mistakesOf(() => handler(wrong(a), wrong(b), async () => undefined));
      mistakesOf(() => subscription(inventory, wrong(a), wrong(b)));
    }),
    { numRuns: 500 },
  );
});
