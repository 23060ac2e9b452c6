import { expect } from "vitest";
import { type Deployment, runDeployment, type Traffic } from "./deployment.ts";

const domains = ["customer", "inventory", "order", "payment", "fulfillment", "accounting", "catalog", "recommendation"];
const each = domains.map((name) => [name]);
const pairs = [
  ["inventory", "payment"],
  ["customer", "accounting"],
  ["order", "fulfillment", "catalog", "recommendation"],
];
const apart = ["inventory", "payment", "accounting"];

const others: Readonly<Record<string, Deployment>> = {
  "a process for each domain": { processes: each },
  "two processes for each domain": { processes: each, instances: 2 },
  "two databases in two servers": { processes: each, apart },
};

/** Expects the same traffic to come to the same end, however the shop is spread. */
export async function expectSameEnd(traffic: Traffic): Promise<void> {
  const orders = traffic.orders * traffic.seeds.length;
  const one = await runDeployment({ processes: [domains] }, traffic);
  expect(one).toMatchObject({ disagreements: [], placed: orders, exits: [0] });
  expect(one.state["order.orders"]).toHaveLength(orders);
  for (const [name, deployment] of Object.entries(others)) {
    const other = await runDeployment(deployment, traffic);
    expect(other.state, name).toEqual(one.state);
    expect(other, name).toMatchObject({ disagreements: [], placed: orders });
    expect(new Set(other.exits), name).toEqual(new Set([0]));
  }
}

/** Expects nothing to be lost or done twice when PostgreSQL crashes under the traffic, two servers in turn. */
export async function expectNoHarm(traffic: Traffic, restarts: number): Promise<void> {
  const outcome = await runDeployment({ processes: pairs, apart, restarts }, traffic);
  expect(outcome).toMatchObject({ disagreements: [], restarted: restarts, exits: [0, 0, 0] });
  expect(outcome.placed + outcome.aborted).toBe(traffic.orders * traffic.seeds.length);
  expect(outcome.state["order.orders"]).toHaveLength(outcome.placed);
}
