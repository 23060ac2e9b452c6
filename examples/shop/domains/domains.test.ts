import type { Contract, Implementation } from "polder";
import { expect, test } from "vitest";
import accounting from "./accounting/index.ts";
import catalog from "./catalog/index.ts";
import customer from "./customer/index.ts";
import fulfillment from "./fulfillment/index.ts";
import inventory from "./inventory/index.ts";
import order from "./order/index.ts";
import payment from "./payment/index.ts";
import recommendation from "./recommendation/index.ts";

const shop: readonly Implementation[] = [
  customer,
  inventory,
  order,
  payment,
  fulfillment,
  accounting,
  catalog,
  recommendation,
];

test("what a domain needs, another one publishes", () => {
  const published = new Set<Contract>(shop.flatMap(({ domain }) => [...domain.publishes]));
  const unmet = shop.flatMap(({ domain }) =>
    domain.needs
      .filter(({ contract }) => !published.has(contract))
      .map(({ contract }) => `${domain.name} needs ${contract.name}`),
  );
  expect(unmet).toEqual([]);
});

test("an event that a domain needs has a subscription, or a saga that waits for it", () => {
  const unused = shop.flatMap(({ domain, subscriptions, sagas }) =>
    domain.needs
      .filter(({ contract }) => contract.kind === "event")
      .filter(({ contract }) => !subscriptions.some(({ events }) => events.includes(contract.name)))
      .filter(({ contract }) => !sagas.some(({ waits }) => contract.name in waits))
      .map(({ contract }) => `${domain.name} needs ${contract.name}`),
  );
  expect(unused).toEqual([]);
});
