import { answerOf } from "polder/testing";
import type { Stage } from "./stage.ts";

type Clients = ReturnType<Stage["clients"]>;

/** Puts a product on sale. */
export async function putOnSale(
  { catalog, order, inventory }: Clients,
  goods: { readonly sku: string; readonly title: string; readonly unitCents: number; readonly quantity: number },
): Promise<void> {
  const { sku, title, unitCents, quantity } = goods;
  answerOf(await catalog.describe({ sku, title }));
  answerOf(await order.setPrice({ sku, unitCents }));
  answerOf(await inventory.receive({ sku, quantity }));
}

/** Somebody who buys. */
export async function newCustomer({ customer }: Clients, name: string): Promise<string> {
  const email = `${name.toLowerCase().replaceAll(/\W+/g, ".")}@shop.example`;
  return answerOf(await customer.register({ name, email })).customerId;
}
