import { actWith, type ShopClients, type SimulatedOrder } from "./act.ts";
import { intents } from "./intents.ts";
import { pace } from "./pace.ts";

export interface SimulationOptions {
  readonly clients: ShopClients;
  /** A whole number. The same seed means the same commands under the same keys: what was done is not done again. */
  readonly seed: number;
  /** A function is asked before every order, so that the rate can change on the way; 0 halts. */
  readonly ordersPerSecond: number | (() => number);
  /** Ends the simulation: nothing new is begun, and what is under way is brought to its end. */
  readonly signal?: AbortSignal;
  /** So many orders, then it ends by itself. Default: no end. */
  readonly ordersMax?: number;
  readonly onOrder?: (order: SimulatedOrder) => void;
  /** Intents under way at once. Default 32. */
  readonly inFlightMax?: number;
  /** Attempts at what gets no answer, with waits from 0.1 to 5 seconds between them. Default 20. */
  readonly attemptsMax?: number;
}

/** Orders by outcome. */
export type SimulationTotals = Readonly<Record<SimulatedOrder["outcome"], number>>;

/**
 * Lets simulated customers use the shop until the signal aborts, or all orders are made. They repeat a command
 * under its key until it is answered, as every client should: then nothing stays half done when a domain falls over.
 *
 * @throws when anything but an order gets no answer, or when another run has had the seed.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationTotals> {
  const { clients, seed, onOrder, ordersMax = Number.POSITIVE_INFINITY, inFlightMax = 32, attemptsMax = 20 } = options;
  const signal = options.signal ?? new AbortController().signal;
  const act = actWith(clients, attemptsMax);
  const turn = pace(options.ordersPerSecond, signal);
  const totals = { placed: 0, OutOfStock: 0, UnknownSku: 0, UnknownProduct: 0, aborted: 0, unanswered: 0 };
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let orders = 0;
  let count = 0;

  for (const intent of intents(seed)) {
    if (intent.kind === "order") {
      if (orders >= ordersMax) break;
      // The first customer comes when all goods are there.
      if (orders === 0) await Promise.all(inFlight);
      orders += 1;
      await turn();
    }
    if (inFlight.size >= inFlightMax) await Promise.race(inFlight);
    if (signal.aborted || failures.length > 0) break;

    const acting = act(intent, `simulation-${seed}-${count++}`)
      .then((order) => {
        if (order === undefined) return;
        totals[order.outcome] += 1;
        onOrder?.(order);
      })
      .catch((error: unknown) => void failures.push(error))
      .finally(() => void inFlight.delete(acting));
    inFlight.add(acting);
  }
  await Promise.all(inFlight);
  if (failures.length > 0) throw failures[0];
  return totals;
}
