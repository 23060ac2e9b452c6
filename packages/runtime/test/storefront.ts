import {
  api,
  composition,
  type Domain,
  domain,
  type Handler,
  handler,
  type Implementation,
  implement,
  need,
  type QueryContext,
  query,
  type Refused,
  team,
} from "@polder/model";
import { z } from "zod";

// A page that shows what a customer has bought, stitched from three domains. What these answer is up to each test.

const orderId = z.string();
const CustomerUnknown = z.object({ customerId: z.string() });
/** As `missingSources()` of polder/zod. */
const missing = z.array(
  z.looseObject({
    source: z.string(),
    code: z.string(),
    refusal: z.string().optional(),
    substituted: z.boolean().optional(),
  }),
);

export const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId: z.string(), limit: z.int().default(50) }),
        output: z.object({ orders: z.array(z.object({ orderId, sku: z.string() })) }),
        refusals: { CustomerUnknown },
        access: "signed-in",
      }),
    },
  },
});

const ofOrders = {
  input: z.object({ orderIds: z.array(orderId).max(100) }),
  output: z.object({ payments: z.array(z.object({ orderId, amount: z.int() })) }),
  batch: { keys: "orderIds", items: "payments", key: "orderId" },
} as const;
export const Payment = api("payment", {
  versions: {
    // What is needed. Since then fewer people may see it, and that holds for all callers of the major.
    "1.0.0": { ofOrders: query("GET /payments", { ...ofOrders, access: "anyone" }) },
    "1.1.0": { ofOrders: query("GET /payments", { ...ofOrders, access: "payments.read" }) },
  },
});

export const Catalog = api("catalog", {
  versions: {
    "1.0.0": {
      product: query("GET /products/:sku", {
        input: z.object({ sku: z.string() }),
        output: z.object({ name: z.string() }),
        refusals: { ProductUnknown: z.object({ sku: z.string() }) },
        access: "anyone",
      }),
    },
  },
});

const history = z.object({
  orders: z.array(z.object({ orderId, product: z.string().nullable(), paid: z.int().nullable() })),
  missing,
});

export const Storefront = api("storefront", {
  versions: {
    "1.0.0": {
      history: query("GET /customers/:customerId/history", {
        input: z.object({ customerId: z.string() }),
        output: z.object({ orderIds: z.array(z.string()) }),
        refusals: { CustomerUnknown },
        access: "signed-in",
      }),
    },
    "2.0.0": {
      orderHistory: query("GET /customers/:customerId/history", {
        input: z.object({ customerId: z.string(), most: z.int().optional() }),
        output: history,
        refusals: { CustomerUnknown },
        access: "signed-in",
      }),
      greeting: query("GET /greeting", { output: z.object({ text: z.string() }), access: "anyone" }),
    },
  },
  converters: {
    "2.0.0": {
      history: {
        as: "orderHistory",
        input: ({ customerId }) => ({ customerId }),
        output: ({ orders }) => ({ orderIds: orders.map((one) => one.orderId) }),
      },
    },
  },
});

const shape = { owner: team("Web", { contact: "#web" }), capability: "Sell" };
export const order = domain("order", { ...shape, publishes: [Order] });
export const payment = domain("payment", { ...shape, publishes: [Payment] });
export const catalog = domain("catalog", { ...shape, publishes: [Catalog] });
export const storefront = domain("storefront", {
  ...shape,
  publishes: [Storefront],
  needs: [
    need(Order, "1.0.0"),
    need(Payment, "1.0.0", { essential: false }),
    need(Catalog, "1.0.0", { essential: false }),
  ],
});

/** Composes the history; `answered` makes the answer of it into another one. */
export function storefrontWith(
  answered: (found: z.input<typeof history>["orders"]) => z.input<typeof history>["orders"] = (found) => found,
): Implementation {
  const orderHistory = composition(storefront, Storefront.orderHistory, {
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId", limit: "most" } } },
    joins: {
      payments: {
        query: Payment.ofOrders,
        keys: ({ orders }) => orders.orders.map((order) => order.orderId),
        optional: true,
      },
      products: {
        query: Catalog.product,
        keys: ({ orders }) => orders.orders.map(({ sku }) => ({ sku })),
        absent: ["ProductUnknown"],
        optional: true,
      },
    },
    answer: ({ orders, payments, products }) => ({
      orders: answered(
        orders.orders.map((order) => ({
          orderId: order.orderId,
          product: products?.one({ sku: order.sku })?.name ?? null,
          paid: payments?.all(order.orderId).reduce((sum, { amount }) => sum + amount, 0) ?? null,
        })),
      ),
    }),
  });
  const greeting = handler(storefront, Storefront.greeting, async () => ({ text: "Welcome" }));
  return implement(storefront, { apis: { storefront: { orderHistory, greeting } } });
}

type Answer = (context: Pick<QueryContext, "input" | "refuse" | "caller" | "user" | "signal">) => Promise<unknown>;

/** What the sources answer, where it is not what they usually do. */
export interface SourceBehaviour {
  readonly ofCustomer?: Answer;
  readonly ofOrders?: Answer;
  readonly product?: Answer;
}

/** A call that came to a source. */
export interface SeenCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly caller: string | undefined;
  readonly user: string | undefined;
}

/** Two orders, of which one is paid and one is of a product that nobody knows. */
const usual: Required<SourceBehaviour> = {
  ofCustomer: async ({ input, refuse }) => {
    const { customerId } = input as { readonly customerId: string };
    if (customerId === "nobody") return (refuse as unknown as Refuse)("CustomerUnknown", { customerId });
    return {
      orders: [
        { orderId: "o1", sku: "teapot" },
        { orderId: "o2", sku: "gone" },
      ],
    };
  },
  ofOrders: async () => ({ payments: [{ orderId: "o1", amount: 5 }] }),
  product: async ({ input, refuse }) => {
    const { sku } = input as { readonly sku: string };
    return sku === "gone" ? (refuse as unknown as Refuse)("ProductUnknown", { sku }) : { name: `a ${sku}` };
  },
};

type Refuse = (refusal: string, details: object) => Refused;

/** What the history of a customer is where all is well. */
export const whole = {
  orders: [
    { orderId: "o1", product: "a teapot", paid: 5 },
    { orderId: "o2", product: null, paid: 0 },
  ],
  missing: [],
};

/** The three sources, by name, and the calls that have come to them. */
export function sourcesWith(behaviour: SourceBehaviour = {}): {
  readonly sources: Readonly<Record<"order" | "payment" | "catalog", Implementation>>;
  readonly seen: readonly SeenCall[];
} {
  const seen: SeenCall[] = [];
  const answers = { ...usual, ...behaviour };
  const implemented = (declared: Domain, api: string, operation: keyof SourceBehaviour): Implementation => {
    const [contract] = declared.publishes as unknown as [Readonly<Record<string, never>>];
    const answering: Handler = handler(
      declared as never,
      contract[operation] as never,
      (async (context: QueryContext) => {
        const { input, caller, user } = context;
        seen.push({ operation, input: { ...(input as object) }, caller, user: user?.subject });
        return await answers[operation](context);
      }) as never,
    );
    // The compiler cannot follow which operation it is.
    return (implement as (declared: Domain, shape: object) => Implementation)(declared, {
      apis: { [api]: { [operation]: answering } },
    });
  };
  return {
    seen,
    sources: {
      order: implemented(order, "order", "ofCustomer"),
      payment: implemented(payment, "payment", "ofOrders"),
      catalog: implemented(catalog, "catalog", "product"),
    },
  };
}
