import { expect } from "vitest";
import { runDeployment, type Traffic } from "./deployment.ts";
import { domainNames, type Spread } from "./spread-shop.ts";

const each = domainNames.map((name) => [name]);
const apart = ["inventory", "payment", "accounting"];

/** In which the gateway composes the histories of orders. */
const inProduction = new URL("../deploy/polder.config.ts", import.meta.url).pathname;

const others: Readonly<Record<string, Spread>> = {
  "a process for each domain": { processes: each },
  "two processes for each domain, as in production": { processes: each, instances: 2, config: inProduction },
  "two databases in two servers": { processes: each, apart },
};

/** Expects the same traffic to come to the same end, however the shop is spread. */
export async function expectSameEnd(traffic: Traffic): Promise<void> {
  const orders = traffic.orders * traffic.seeds.length;
  const one = await runDeployment({ processes: [domainNames] }, traffic);
  expect(one).toMatchObject({ disagreements: [], placed: orders, exits: [0] });
  expect(one.state["order.orders"]).toHaveLength(orders);
  for (const [name, deployment] of Object.entries(others)) {
    const other = await runDeployment(deployment, traffic);
    expect(other.state, name).toEqual(one.state);
    expect(other, name).toMatchObject({ disagreements: [], placed: orders });
    expect(new Set(other.exits), name).toEqual(new Set([0]));
  }
}
