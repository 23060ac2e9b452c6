import { setTimeout as pause } from "node:timers/promises";
import { type ClientOf, isPolderError } from "polder";
import type { Catalog } from "./domains/catalog/contract.ts";
import type { Customer } from "./domains/customer/contract.ts";
import type { Inventory } from "./domains/inventory/contract.ts";
import type { Order } from "./domains/order/contract.ts";
import type { Storefront } from "./domains/storefront/contract.ts";
import type { Intent } from "./intents.ts";

/** Whom the simulated customers and suppliers talk to. */
export interface ShopClients {
  readonly catalog: ClientOf<typeof Catalog>;
  /** They have the app of last year. */
  readonly customer: ClientOf<typeof Customer, "1.0.0">;
  readonly inventory: ClientOf<typeof Inventory>;
  readonly order: ClientOf<typeof Order>;
  readonly storefront: ClientOf<typeof Storefront>;
}

/** How an order went, as its customer saw it. */
export interface SimulatedOrder {
  /** Missing when the order was refused, could not be placed, or was never answered. */
  readonly orderId?: string;
  readonly outcome: "placed" | "OutOfStock" | "UnknownSku" | "UnknownProduct" | "aborted" | "unanswered";
  /** From the first attempt to the answer, in milliseconds. */
  readonly durationMs: number;
  /** Why there was no order, or no answer. */
  readonly error?: unknown;
}

/** Does what is intended, under an idempotency key; tells of the order, if it was one. */
export type Act = (intent: Intent, key: string) => Promise<SimulatedOrder | undefined>;

/** Gives a function that does what is intended, and repeats it under its key until it is answered. */
export function actWith({ catalog, customer, inventory, order, storefront }: ShopClients, attemptsMax: number): Act {
  const customerIds = new Map<number, Promise<string>>();

  const register = async ({ name, email }: Intent & { kind: "register" }, key: string) => {
    const answer = await untilAnswered(() => customer.register({ name, email }, { key }), attemptsMax);
    if (!answer.ok) throw new Error(`${email} is registered already; take a seed that no other run has had`);
    return answer.value.customerId;
  };
  const idOf = async (number: number) => {
    const customerId = await customerIds.get(number);
    if (customerId === undefined) throw new Error(`customer ${number} acts before having registered`);
    return customerId;
  };
  const place = async (intent: Intent & { kind: "order" }, key: string): Promise<SimulatedOrder> => {
    const request = { customerId: await idOf(intent.customer), lines: [...intent.lines] };
    const beganMs = performance.now();
    try {
      const answer = await untilAnswered(() => order.place(request, { key }), attemptsMax);
      const durationMs = performance.now() - beganMs;
      if (!answer.ok) return { outcome: answer.refusal, durationMs };
      return { orderId: answer.value.orderId, outcome: "placed", durationMs };
    } catch (error) {
      const outcome = isPolderError(error, "SAGA_ABORTED") ? "aborted" : "unanswered";
      return { outcome, durationMs: performance.now() - beganMs, error };
    }
  };

  return async (intent, key) => {
    switch (intent.kind) {
      case "order":
        return place(intent, key);
      case "register": {
        const registered = register(intent, key);
        customerIds.set(intent.customer, registered);
        await registered;
        return;
      }
      case "rename": {
        const request = { customerId: await idOf(intent.customer), name: intent.name };
        await untilAnswered(() => customer.rename(request, { key }), attemptsMax);
        return;
      }
      case "describe": {
        const { sku, title } = intent;
        await untilAnswered(() => catalog.describe({ sku, title }, { key }), attemptsMax);
        return;
      }
      case "setPrice": {
        const { sku, unitCents } = intent;
        await untilAnswered(() => order.setPrice({ sku, unitCents }, { key }), attemptsMax);
        return;
      }
      case "receive": {
        const { sku, quantity } = intent;
        await untilAnswered(() => inventory.receive({ sku, quantity }, { key }), attemptsMax);
        return;
      }
      case "quote":
        await untilAnswered(() => order.quote({ sku: [...intent.skus] }), attemptsMax);
        return;
      case "look": {
        const customerId = await idOf(intent.customer);
        await untilAnswered(() => storefront.orderHistory({ customerId }), attemptsMax);
        await untilAnswered(() => storefront.searchOrders({ customerId, sort: "shippedAt" }), attemptsMax);
      }
    }
  };
}

async function untilAnswered<Answer>(attempt: () => Promise<Answer>, attemptsMax: number): Promise<Answer> {
  for (let failed = 0; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      // What was taken back stays so: its key has had its answer.
      if (failed + 1 >= attemptsMax || isPolderError(error, "SAGA_ABORTED")) throw error;
      await pause(Math.min(100 * 2 ** failed, 5_000));
    }
  }
}
