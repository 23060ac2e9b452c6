import type { ShopProcess } from "../../child-process.ts";
import { newCustomer, putOnSale } from "../goods-and-buyers.ts";
import { type Customers, orderWithoutEnd } from "../order-without-end.ts";
import type { ReleaseFolder } from "../release-folder.ts";
import { allBut, type Stage } from "../stage.ts";

export const UNIT_CENTS = 700;
export const EVENT = "payment.PaymentConfirmed@1";

/** Domains that only listen to the event. */
const office = ["fulfillment", "accounting", "storefront"];

/** Domains that are released together. */
export type Released = "payment" | "order" | "office";

/** Whether the event's old version can go, as `polder contracts can-retire` answers. */
export interface Answer {
  readonly can: boolean;
  /** Consumers that keep it. */
  readonly users: readonly string[];
  /** Whatever speaks against it. */
  readonly why: readonly string[];
}

/** The shop at work, in processes that are released one by one while customers order. */
export interface Scene {
  readonly stage: Stage;
  readonly folder: ReleaseFolder;
  readonly customers: Customers;
  /** Lets a process end in good order, and starts what is in the folder now in its place. */
  readonly release: (...processes: readonly Released[]) => Promise<void>;
  /** Runs a command of Polder on what is in the folder now. */
  readonly polder: (...args: readonly string[]) => ReturnType<Stage["polder"]>;
  readonly canRetire: (since: Date) => Promise<Answer>;
}

/** Starts the shop in four processes, and lets the customers in. */
export async function setScene(stage: Stage): Promise<Scene> {
  const folder = await stage.releases();
  const { config } = folder;
  const rest = await stage.start(allBut("payment", "order", "fulfillment", "accounting", "storefront"), { config });
  const payment = await stage.start(["payment"], { config });
  const running: Record<Released, ShopProcess> = {
    payment,
    office: await stage.start(office, { config }),
    order: await stage.start(["order"], {
      config,
      others: { customer: rest, inventory: rest, recommendation: rest, payment },
    }),
  };
  const domains = { payment: ["payment"], office, order: ["order"] };
  const release: Scene["release"] = async (...processes) => {
    for (const name of processes) {
      const before = running[name];
      await before.stop();
      const called = { customer: rest, inventory: rest, recommendation: rest, payment: running.payment };
      const others = name === "order" ? { others: called } : {};
      running[name] = await stage.start(domains[name], { config, instead: before, ...others });
    }
  };
  const polder: Scene["polder"] = (...args) => stage.polder(args, { config });
  const clients = { ...stage.clients(rest), order: stage.clients(running.order).order };
  await putOnSale(clients, { sku: "mug", title: "Mug", unitCents: UNIT_CENTS, quantity: 10_000 });
  const customerId = await newCustomer(clients, "Daan Kuiper");
  const lines = [{ sku: "mug", quantity: 1 }];
  const customers = stage.use(
    orderWithoutEnd((key) =>
      stage.clients(running.order).order.place({ customerId, lines }, { key, deadlineMs: 5_000 }),
    ),
  );
  return { stage, folder, customers, release, polder, canRetire: (since) => askWhether(polder, since) };
}

async function askWhether(polder: Scene["polder"], since: Date): Promise<Answer> {
  const { code, out } = await polder("--json", "contracts", "can-retire", EVENT, "--since", since.toISOString());
  const { data } = JSON.parse(out) as { data: { canRetire: boolean; keepers: readonly { why: string }[] } };
  const why = data.keepers.map((keeper) => keeper.why);
  const users = ["order", ...office].filter((name) =>
    why.some((one) => one.startsWith(`${name} uses`) || one.startsWith(`${name} declares`)),
  );
  return { can: code === 0 && data.canRetire, users, why };
}
