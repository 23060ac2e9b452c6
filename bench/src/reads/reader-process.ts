import { createClient, httpTransport } from "@polder/http";
import type { Outcome } from "@polder/model";
import { startHost } from "@polder/runtime";
import { cpuMs } from "../calls/own-cost.ts";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { Customers, History, Orders, Payments, Shipments } from "./domains.ts";
import { historyDomain } from "./history.ts";
import { addressIn, customerIdOf } from "./set-up.ts";

/** What the process that shows order histories is started with. */
export interface Reading {
  readonly server: ServerAddress;
  /** Of the process of the domains that own the data. */
  readonly url: string;
}

/** A way to come to the page of a customer, or one of the calls that it takes. */
export type Way = keyof typeof ways;

/** What it can be asked. */
export type ReaderMethods = typeof methods;

// The domain that shows order histories, in a process of its own.
const { server, url } = openedWith<Reading>();
const urls = Object.fromEntries(["customers", "orders", "payments", "shipments"].map((name) => [name, url]));
const host = await startHost({ implementations: [historyDomain], address: addressIn(server), urls });
const { transport } = host;
const pages = createClient(History, "1.0.0", { transport, caller: "desk" });
const over = { transport: httpTransport({ baseUrl: url }), caller: "history" };
const [customers, orders] = [createClient(Customers, "1.0.0", over), createClient(Orders, "1.0.0", over)];
const [payments, shipments] = [createClient(Payments, "1.0.0", over), createClient(Shipments, "1.0.0", over)];

type Found = Outcome<never, never>;

const ways = {
  composed: (customerId: string) => pages.composed({ customerId }),
  flat: (customerId: string) => pages.flat({ customerId }),
  naive: (customerId: string) => pages.naive({ customerId }),
  kept: (customerId: string) => pages.kept({ customerId }),
  replica: (customerId: string) => orders.named({ customerId }),
  customer: (customerId: string) => customers.byId({ customerId }),
  orders: (customerId: string) => orders.ofCustomer({ customerId }),
  paymentsOfCustomer: (customerId: string) => payments.ofCustomer({ customerId }),
  shipmentsOfCustomer: (customerId: string) => shipments.ofCustomer({ customerId }),
  payments: (customerId: string) => payments.ofOrders({ orderId: known(customerId) }),
  shipments: (customerId: string) => shipments.ofOrders({ orderId: known(customerId) }),
};

/** The orders of customers, learnt before anything is measured. */
const ordersOf = new Map<string, string[]>();

function known(customerId: string): string[] {
  return ordersOf.get(customerId) ?? [];
}

/** Learns the orders of so many customers, and gives how many each has. */
async function learn(count: number): Promise<number> {
  for (let number = 0; number < count; number += 1) {
    const found = await orders.ofCustomer({ customerId: customerIdOf(number) });
    if (found.ok)
      ordersOf.set(
        customerIdOf(number),
        found.value.orders.map(({ orderId }) => orderId),
      );
  }
  return known(customerIdOf(0)).length;
}

/** Goes one way for customers in turn, one after the other, and gives the milliseconds of each. */
async function go({ way, times }: { readonly way: Way; readonly times: number }): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const customerId = customerIdOf(time % ordersOf.size);
    const begunMs = performance.now();
    const outcome = (await ways[way](customerId)) as Found;
    taken.push(performance.now() - begunMs);
    if (!outcome.ok) throw new Error(`${way} was refused`);
  }
  return taken;
}

const methods = { learn, go, cpuMs };
answerParent(methods, () => host.stop());
