import type { Contract } from "polder";
import { expect, test } from "vitest";
import { shop } from "./all-domains.ts";

test("what a domain needs, another one publishes", () => {
  const published = new Set<Contract>(shop.flatMap(({ domain }) => [...domain.publishes]));
  const unmet = shop.flatMap(({ domain }) =>
    domain.needs
      .filter(({ contract }) => !published.has(contract))
      .map(({ contract }) => `${domain.name} needs ${contract.name}`),
  );
  expect(unmet).toEqual([]);
});

test("an event that a domain needs has a subscription, a read model, a replica, or a saga that waits for it", () => {
  const unused = shop.flatMap(({ domain, subscriptions, sagas, readModels, replicas }) =>
    domain.needs
      .filter(({ contract }) => contract.kind === "event")
      .filter(
        ({ contract }) =>
          ![...subscriptions, ...readModels, ...replicas].some(({ events }) => events.includes(contract.name)),
      )
      .filter(({ contract }) => !sagas.some(({ waits }) => contract.name in waits))
      .map(({ contract }) => `${domain.name} needs ${contract.name}`),
  );
  expect(unused).toEqual([]);
});
