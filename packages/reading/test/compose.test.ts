import { httpErrors } from "@polder/http";
import { composition } from "@polder/model";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  hanging,
  ORDERS_AT_ONCE,
  orders,
  ordersOf,
  Payment,
  paid,
  run,
  Storefront,
  storefront,
} from "./order-history.ts";

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `o${n}`);

interface Orders {
  readonly orders: readonly { readonly orderId: string }[];
}
const idsOf = ({ orders: all }: Orders): readonly string[] => all.map(({ orderId }) => orderId);

/** Answers, and notes what was asked. */
function noting(answer: Answer) {
  const asked: (readonly string[])[] = [];
  const noted: Answer = async (request, options) => {
    asked.push((request.input as { readonly orderIds: readonly string[] }).orderIds);
    return await answer(request, options);
  };
  return { answer: noted, asked };
}

describe("what a join reads", () => {
  const answers = { "order.ofCustomer": ordersOf(["o1", "o2"]), "payment.ofOrders": paid };
  const payments = { query: Payment.ofOrders } as const;

  test("is found out by itself: joins of joins, declared in any order, taken apart in any way", async () => {
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        last: {
          ...payments,
          keys: ({ middle, first }) => [...middle.all("o2"), ...first.all("o1")].map((p) => p.orderId),
        },
        middle: { ...payments, keys: (found) => found.first.all("o2").map(({ orderId }) => orderId) },
        first: { ...payments, keys: (found) => idsOf(found.orders) },
      },
      answer: ({ last }) => ({ orders: [last.one("o1"), last.one("o2"), last.one("o3"), last.all("o3")] }),
    });
    const { answer, asked } = noting(paid);
    expect(await run(history, { answers: { ...answers, "payment.ofOrders": answer } })).toEqual({
      orders: [{ orderId: "o1", amount: 1 }, { orderId: "o2", amount: 1 }, undefined, []],
      missing: [],
    });
    // The second and the third join asked for what the first one had found.
    expect(asked).toEqual([["o1", "o2"]]);
  });

  test("is waited for also by a function that catches everything", async () => {
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        payments: {
          ...payments,
          keys: (found) => {
            try {
              return idsOf(found.orders);
            } catch {
              return ["o9"];
            }
          },
        },
      },
      answer: (found) => ({ orders: [found.payments.all("o1").length, found.payments.all("o9").length] }),
    });
    expect(await run(history, { answers })).toMatchObject({ orders: [1, 0] });
  });

  test.each([
    ["a join that reads itself", { a: "a", b: "orders" }, '"a" read "a"'],
    ["two joins", { a: "b", b: "a" }, '"b" read "a", which reads "b"'],
    ["three joins", { a: "b", b: "c", c: "a" }, '"c" read "a", which reads "b", which reads "c"'],
  ])("is never a circle: %s", async (_, reads, told) => {
    const joins = Object.entries(reads).map(([name, read]) => [
      name,
      { ...payments, optional: true, keys: (found: Record<string, unknown>) => [String(found[read])] },
    ]);
    const answer = () => ({ orders: [] });
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: Object.fromEntries(joins),
      answer,
    } as never);
    const ended = run(history, { answers });
    await expect(ended).rejects.toMatchObject({ code: "COMPOSITION_CIRCULAR", details: { operation: "history" } });
    await expect(ended).rejects.toThrow(told);
  });
});

describe("the functions of a composition", () => {
  const answers = { "order.ofCustomer": ordersOf(["o1"]), "payment.ofOrders": paid };
  const with_ = (keys: (found: { orders: Orders }) => unknown, answer: (found: never) => unknown = () => ({})) =>
    composition(storefront, Storefront.history, {
      sources: { orders },
      joins: { payments: { query: Payment.ofOrders, keys, optional: true } },
      answer,
    } as never);

  test("fail as any handler does, also where what they are for is optional", async () => {
    const wrong = new Error("wrong");
    const failing = () => {
      throw wrong;
    };
    const answering = (composed: ReturnType<typeof with_>) => expect(run(composed, { answers })).rejects;
    await answering(with_(failing)).toBe(wrong);
    await answering(with_(() => [], failing)).toBe(wrong);
    await answering(with_(() => "o1")).toThrow('The keys of the join "payments" are no list');
    await answering(with_(() => [null])).toThrow(TypeError);
    const late = async (found: { orders: Orders }) => {
      await Promise.resolve();
      return idsOf(found.orders);
    };
    await answering(with_(late)).toThrow("read it while the function runs, and not later");
  });

  test("cannot spoil what the others see", async () => {
    const spoiling = [
      ({ orders: found }: { orders: Orders }) => idsOf(found).concat((found.orders as unknown[]).pop() as string),
      ({ orders: found }: { orders: { orders: { lines: string[] }[] } }) => found.orders[0]?.lines.sort() ?? [],
      (found: object) => Object.assign(found, { orders: [] }) && [],
    ];
    for (const keys of spoiling) await expect(run(with_(keys as never), { answers })).rejects.toThrow(TypeError);
    const spoiled = with_(({ orders: found }) => idsOf(found), (({
      payments,
    }: {
      payments: { all: (key: string) => unknown[] };
    }) => payments.all("o1").pop()) as never);
    await expect(run(spoiled, { answers })).rejects.toThrow(TypeError);
  });
});

describe("keys", () => {
  const wide = (keysMax?: number, optional = false) =>
    composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        payments: {
          query: Payment.ofOrders,
          keys: (found) => idsOf(found.orders),
          ...(keysMax && { keysMax }),
          optional,
        },
      },
      answer: (found) => ({ orders: found.orders.orders.filter(({ orderId }) => found.payments?.one(orderId)).length }),
    });

  test("go into as few calls as the query takes, each once, and the calls come a few at a time", async () => {
    let [running, most] = [0, 0];
    const { answer, asked } = noting(async (request, options) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return await paid(request, options);
    });
    const twice = [...ids(1_050), ...ids(1_050)];
    const answers = { "order.ofCustomer": ordersOf(twice), "payment.ofOrders": answer };
    expect(await run(wide(), { answers })).toMatchObject({ orders: 2_100 });
    expect(asked.map(({ length }) => length)).toEqual([...Array.from({ length: 10 }, () => ORDERS_AT_ONCE), 50]);
    expect(most).toBe(8);
  });

  test("are fewer in a call where they are long: they travel in an address", async () => {
    const long = ids(ORDERS_AT_ONCE).map((id) => `${id}-${"ä".repeat(50)}`);
    const { answer, asked } = noting(paid);
    const answers = { "order.ofCustomer": ordersOf(long), "payment.ofOrders": answer };
    expect(await run(wide(), { answers })).toMatchObject({ orders: ORDERS_AT_ONCE });
    expect(asked.length).toBeGreaterThan(ORDERS_AT_ONCE / 30);
    expect(Math.max(...asked.map(({ length }) => length))).toBeGreaterThan(10);
  });

  test("are bounded, also where they come twice; more are refused, or missing where they are optional", async () => {
    const answers = { "order.ofCustomer": ordersOf([...ids(3), ...ids(3)]), "payment.ofOrders": paid };
    expect(await run(wide(3), { answers })).toMatchObject({ orders: 6 });
    const details = { api: "storefront", operation: "history", join: "payments", keysMax: 2 };
    await expect(run(wide(2), { answers })).rejects.toMatchObject({ code: "COMPOSITION_TOO_WIDE", details });
    expect(await run(wide(2, true), { answers })).toEqual({
      orders: 0,
      missing: [{ source: "payments", code: "COMPOSITION_TOO_WIDE" }],
    });
    const many = { ...answers, "order.ofCustomer": ordersOf(ids(10_001)) };
    await expect(run(wide(), { answers: many })).rejects.toThrow("for more than 10000 keys");
  });

  test("are far fewer where each is a call, and the owner is asked for better", async () => {
    const answers = { "order.ofCustomer": ordersOf(ids(101)), "payment.ofOrder": async () => ({ amount: 1 }) };
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        payments: { query: Payment.ofOrder, keys: (found) => found.orders.orders.map(({ orderId }) => ({ orderId })) },
      },
      answer: ({ payments }) => ({ orders: payments.one({ orderId: "o1" }) }),
    });
    await expect(run(history, { answers })).rejects.toThrow(/more than 100 keys.* declare one with "batch"/);
    const few = { ...answers, "order.ofCustomer": ordersOf(ids(100)) };
    expect(await run(history, { answers: few })).toMatchObject({ orders: { amount: 1 } });
  });

  test("make no call where there are none", async () => {
    const { answer, asked } = noting(paid);
    expect(await run(wide(), { answers: { "order.ofCustomer": ordersOf([]), "payment.ofOrders": answer } })).toEqual({
      orders: 0,
      missing: [],
    });
    expect(asked).toEqual([]);
  });
});

describe("what takes too long, or fails", () => {
  /** Orders, and payments under a deadline of their own. */
  const patient = (optional: boolean, deadlineMs?: number) =>
    composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        payments: {
          query: Payment.ofOrders,
          keys: (found) => idsOf(found.orders),
          optional,
          ...(deadlineMs === undefined ? {} : { deadlineMs }),
        },
      },
      answer: (found) => ({ orders: found.orders.orders.length }),
    });
  const late = { missing: [{ source: "payments", code: "CALL_DEADLINE_EXCEEDED" }] };

  test("is given up at its own deadline, or at that of the whole, which leaves time to answer", async () => {
    for (const [own, deadlineMs] of [
      [20, 60_000],
      [undefined, 20],
      [60_000, 20],
    ] as const) {
      const { answer, givenUp } = hanging();
      const answers = { "order.ofCustomer": ordersOf(["o1"]), "payment.ofOrders": answer };
      expect(await run(patient(true, own), { answers, deadlineMs })).toEqual({ orders: 1, ...late });
      expect(await givenUp).toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
      await expect(run(patient(false, own), { answers, deadlineMs })).rejects.toMatchObject({
        code: "CALL_DEADLINE_EXCEEDED",
        details: { api: "payment", operation: "ofOrders" },
      });
    }
  });

  test("waits for its turn no longer than its deadline", async () => {
    const isLate = Promise.withResolvers<void>();
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        // Takes all turns, until the other one is late.
        slow: { query: Payment.ofOrders, keys: (found) => idsOf(found.orders) },
        quick: {
          query: Payment.ofOrder,
          keys: (found) => found.orders.orders.slice(0, 1).map(({ orderId }) => ({ orderId })),
          deadlineMs: 20,
          optional: true,
        },
        after: {
          query: Payment.ofOrder,
          keys: ({ quick }) => {
            if (quick === undefined) isLate.resolve();
            return [];
          },
        },
      },
      answer: ({ slow }) => ({ orders: slow.all("o1").length }),
    });
    const answers = {
      "order.ofCustomer": ordersOf(ids(8 * ORDERS_AT_ONCE)),
      "payment.ofOrders": async (...call: Parameters<Answer>) => {
        await isLate.promise;
        return await paid(...call);
      },
      "payment.ofOrder": async () => ({ amount: 1 }),
    };
    expect(await run(history, { answers })).toEqual({
      orders: 1,
      missing: [{ source: "quick", code: "CALL_DEADLINE_EXCEEDED" }],
    });
  });

  test("gives up all others where it is required", async () => {
    const slow = hanging();
    const history = composition(storefront, Storefront.history, {
      sources: { orders, again: { query: Payment.ofOrders, input: { orderIds: { always: ["o1"] } }, optional: true } },
      answer: () => ({ orders: [] }),
    });
    const answers = {
      "order.ofCustomer": async () => {
        await slow.asked;
        throw httpErrors.CALL_UNREACHABLE("Nobody is there.", { api: "order", operation: "ofCustomer" });
      },
      "payment.ofOrders": slow.answer,
    };
    await expect(run(history, { answers })).rejects.toMatchObject({
      code: "CALL_UNREACHABLE",
      details: { api: "order" },
    });
    expect(await slow.givenUp).toMatchObject({ code: "CALL_ABORTED" });
  });

  test("is not asked for the rest where it is optional and has failed, also when others ask the same query later", async () => {
    const { answer, asked } = noting(async () => {
      await new Promise(setImmediate);
      throw httpErrors.CALL_UNREACHABLE("Nobody is there.", { api: "payment", operation: "ofOrders" });
    });
    const payments = { query: Payment.ofOrders, optional: true } as const;
    const history = composition(storefront, Storefront.history, {
      sources: { orders },
      joins: {
        first: { ...payments, keys: (found) => idsOf(found.orders) },
        second: { ...payments, keys: ({ first }) => (first === undefined ? ["other"] : []) },
      },
      answer: (found) => ({ orders: found.orders.orders.length }),
    });
    const answers = { "order.ofCustomer": ordersOf(ids(5_000)), "payment.ofOrders": answer };
    expect(await run(history, { answers })).toEqual({
      orders: 5_000,
      missing: [
        { source: "first", code: "CALL_UNREACHABLE" },
        { source: "second", code: "CALL_UNREACHABLE" },
      ],
    });
    // Eight at once, those whose turn came before it was known, and the one of the second.
    expect(asked.length).toBeLessThanOrEqual(17);
    expect(asked.at(-1)).toEqual(["other"]);
  });

  test("ends with whoever waits for it", async () => {
    const { answer, asked, givenUp } = hanging();
    const gone = new AbortController();
    const answers = { "order.ofCustomer": ordersOf(["o1"]), "payment.ofOrders": answer };
    const running = run(patient(true), { answers, signal: gone.signal });
    await asked;
    const reason = new Error("gone");
    gone.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await givenUp).toMatchObject({ code: "CALL_ABORTED" });
  });
});
