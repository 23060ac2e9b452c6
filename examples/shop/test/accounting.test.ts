import { randomUUID } from "node:crypto";
import { answerOf, publish, standInFor } from "polder/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import accounting from "../domains/accounting/index.ts";
import { PaymentConfirmed } from "../domains/payment/contract.ts";
import { payment } from "../domains/payment/domain.ts";
import { untilDone } from "../until-done.ts";
import { type RunningShop, runShop } from "./running-shop.ts";

let shop: RunningShop;

beforeAll(async () => {
  shop = await runShop([accounting, standInFor(payment)]);
});
afterAll(() => shop[Symbol.asyncDispose]());

test("books that nobody has written into are empty", async () => {
  expect(answerOf(await shop.clients.accounting.revenue({}))).toEqual({ revenueCents: 0, currency: "EUR" });
  expect(await balances()).toEqual({ bank: 0, sales: 0 });
});

test("a payment is booked once, however often one hears of it, and the books balance", async () => {
  const paid = payed(1_200);
  await Promise.all([1, 2, 3].map(() => publish(shop.host, PaymentConfirmed, paid)));
  await publish(shop.host, PaymentConfirmed, payed(34));
  await shop.settled();
  expect(answerOf(await shop.clients.accounting.revenue({})).revenueCents).toBe(1_234);
  expect(await balances()).toEqual({ bank: 1_234, sales: -1_234 });
});

test("another currency is not added up: its payment is left for a person to look at, and others go on", async () => {
  const before = answerOf(await shop.clients.accounting.revenue({})).revenueCents;
  await publish(shop.host, PaymentConfirmed, { ...payed(5_000), currency: "SEK" });
  await publish(shop.host, PaymentConfirmed, payed(100));
  await untilDone(async () => {
    const { revenueCents } = answerOf(await shop.clients.accounting.revenue({}));
    return revenueCents === before + 100 ? [] : [`a revenue of ${revenueCents}`];
  });
  expect(await shop.database.parked("accounting")).toEqual([
    expect.stringMatching(/^book-revenue: .*check constraint/),
  ]);
});

async function balances(): Promise<Readonly<Record<string, number>>> {
  const { accounts } = answerOf(await shop.clients.accounting.balances({}));
  return Object.fromEntries(accounts.map(({ account, balanceCents }) => [account, balanceCents]));
}

function payed(amountCents: number) {
  return { paymentId: randomUUID(), orderId: randomUUID(), customerId: randomUUID(), amountCents, currency: "EUR" };
}
