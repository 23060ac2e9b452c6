import { audit } from "../audit.ts";
import { simulate } from "../simulate.ts";
import { type EndState, endState } from "./end-state.ts";
import { clientsOf } from "./running-shop.ts";
import { openSpreadShop, type Spread } from "./spread-shop.ts";

/** What customers do in it. */
export interface Traffic {
  /** One run after the other, each with other customers. */
  readonly seeds: readonly number[];
  readonly orders: number;
}

/** What has come of it. */
export interface Outcome {
  readonly state: EndState;
  readonly disagreements: readonly string[];
  readonly placed: number;
  /** Exit codes of the processes. */
  readonly exits: readonly (number | null)[];
}

/** Lets the customers of some seeds into a shop of its own, one command after the other, and waits for the last news. */
export async function runDeployment(spread: Spread, { seeds, orders }: Traffic): Promise<Outcome> {
  await using spreadShop = await openSpreadShop(spread);
  const { ask, posts, transport } = spreadShop;
  const clients = clientsOf(transport, { deadlineMsDefault: 20_000 });
  let placed = 0;
  for (const seed of seeds) {
    const totals = await simulate({ clients, seed, ordersPerSecond: 1_000, ordersMax: orders, inFlightMax: 1 });
    placed += totals.placed;
  }
  await spreadShop.settled({ timeoutMs: 120_000 });
  const state = await endState(ask);
  const disagreements = await audit(ask, { settled: true });
  const exits = await Promise.all(posts.map((post) => post.process().stop()));
  return { state, disagreements, placed, exits };
}
