/** What the tables of all domains say, row by row. */
export interface Facts {
  readonly customers: readonly { readonly customerId: string; readonly name: string }[];
  /** The names that Order has learnt. */
  readonly names: readonly { readonly customerId: string; readonly name: string }[];
  readonly stock: readonly Stock[];
  readonly reservations: readonly Reservation[];
  readonly orders: readonly Order[];
  readonly lines: readonly Line[];
  readonly payments: readonly Payment[];
  readonly shipments: readonly Shipment[];
  readonly shipmentLines: readonly Goods[];
  readonly entries: readonly { readonly paymentId: string; readonly amountCents: number }[];
  readonly balances: readonly { readonly account: string; readonly balanceCents: number }[];
  readonly products: readonly { readonly sku: string; readonly title: string }[];
  /** The titles that Recommendation has learnt. */
  readonly titles: readonly { readonly sku: string; readonly title: string }[];
  /** The orders as Storefront shows them. */
  readonly shown: readonly ShownOrder[];
  /** The names that Storefront shows. */
  readonly shownNames: readonly { readonly customerId: string; readonly name: string }[];
  /** How many orders have both goods. */
  readonly pairs: readonly { readonly sku: string; readonly other: string; readonly orders: number }[];
}

interface Stock {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  /** Units of all deliveries. */
  readonly received: number;
}

/** Goods of an order, and the reservation that holds them. */
interface Goods {
  readonly orderId: string;
  readonly reservationId: string;
  readonly sku: string;
  readonly quantity: number;
}

interface Reservation extends Goods {
  readonly status: "open" | "released" | "picked";
}

interface Line extends Goods {
  readonly unitCents: number;
}

interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly placedAt: string;
  readonly status: "placed" | "paid" | "shipped" | "cancelled";
  readonly totalCents: number;
  readonly paid: boolean;
  readonly shipped: boolean;
}

interface Payment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: "confirmed" | "declined";
  readonly reason: string | null;
  readonly amountCents: number;
}

interface Shipment {
  readonly orderId: string;
  readonly shipped: boolean;
  readonly trackingNumber: string | null;
  readonly shippedAt: string | null;
}

/** What four domains know of an order. Times are in milliseconds, as contracts have them. */
interface ShownOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly placedAt: string;
  readonly totalCents: number;
  readonly status: Order["status"];
  readonly payment: Payment["status"] | "awaited";
  readonly reason: string | null;
  readonly trackingNumber: string | null;
  readonly shippedAt: string | null;
}

/** A rule that the domains keep together; gives a sentence for each breach. */
type Rule = (facts: Facts) => Iterable<string>;

/** Where the domains disagree, a sentence each. */
export function disagreements(facts: Facts, { settled }: { readonly settled: boolean }): readonly string[] {
  const rules = settled ? [...atAnyTime, ...whenSettled] : atAnyTime;
  return rules.flatMap((rule) => [...rule(facts)]);
}

const atAnyTime: readonly Rule[] = [
  function* stockIsCounted({ stock, reservations }) {
    const picked = unitsBySku(reservations.filter(({ status }) => status === "picked"));
    const open = unitsBySku(reservations.filter(({ status }) => status === "open"));
    for (const { sku, onHand, reserved, received } of stock) {
      const gone = picked.get(sku) ?? 0;
      const held = open.get(sku) ?? 0;
      if (received !== onHand + gone) yield `${sku}: ${received} received, but ${onHand} on hand and ${gone} picked`;
      if (reserved !== held) yield `${sku}: ${reserved} reserved, but ${held} in open reservations`;
      if (reserved < 0 || reserved > onHand) yield `${sku}: ${reserved} reserved of ${onHand} on hand`;
    }
  },

  function* linesAreReserved({ lines, reservations }) {
    const reservationOf = new Map(reservations.map((reservation) => [reservation.reservationId, reservation]));
    for (const line of lines) {
      if (isSame(line, reservationOf.get(line.reservationId))) continue;
      yield `order ${line.orderId}: ${line.quantity} ${line.sku} are not what ${line.reservationId} reserves`;
    }
  },

  function* totalsAddUp({ orders, lines }) {
    const linesOf = Map.groupBy(lines, ({ orderId }) => orderId);
    for (const { orderId, totalCents } of orders) {
      const linesCents = sum((linesOf.get(orderId) ?? []).map(({ quantity, unitCents }) => quantity * unitCents));
      if (totalCents !== linesCents) yield `order ${orderId}: total ${totalCents}, but lines of ${linesCents}`;
      if (totalCents <= 0) yield `order ${orderId}: total ${totalCents}`;
    }
  },

  function* ordersArePaidOnce({ orders, payments }) {
    const totalOf = new Map(orders.map(({ orderId, totalCents }) => [orderId, totalCents]));
    const decided = new Set<string>();
    for (const { orderId, amountCents } of payments) {
      const totalCents = totalOf.get(orderId);
      if (decided.has(orderId)) yield `order ${orderId}: more than one payment`;
      decided.add(orderId);
      if (totalCents !== amountCents) yield `order ${orderId}: total ${totalCents}, but a payment of ${amountCents}`;
    }
  },

  function* ordersFollowPayments({ orders, payments }) {
    const decisionOf = new Map(payments.map(({ orderId, status }) => [orderId, status]));
    for (const { orderId, status, paid } of orders) {
      const decision = decisionOf.get(orderId);
      if (paid && decision !== "confirmed") yield `order ${orderId}: paid, but its payment is ${decision}`;
      if (status === "cancelled" && decision !== "declined") {
        yield `order ${orderId}: cancelled, but its payment is ${decision}`;
      }
    }
  },

  function* ordersFollowShipments({ orders, payments, shipments }) {
    const confirmed = new Set(payments.filter(({ status }) => status === "confirmed").map(({ orderId }) => orderId));
    const sent = sentOrders(shipments);
    for (const orderId of sent) if (!confirmed.has(orderId)) yield `order ${orderId}: sent off unpaid`;
    for (const { orderId, shipped } of orders) {
      if (shipped && !sent.has(orderId)) yield `order ${orderId}: shipped, but never sent off`;
    }
  },

  function* shipmentsAreOrdered({ lines, shipmentLines }) {
    const lineOf = new Map(lines.map((line) => [line.reservationId, line]));
    for (const line of shipmentLines) {
      if (isSame(line, lineOf.get(line.reservationId))) continue;
      yield `order ${line.orderId}: ships ${line.quantity} ${line.sku}, which nobody ordered`;
    }
  },

  function* reservationsEndForAReason({ orders, lines, reservations, shipments, shipmentLines }) {
    const sent = sentOrders(shipments);
    const shipped = idsOf(shipmentLines.filter(({ orderId }) => sent.has(orderId)));
    const cancelled = new Set(orders.filter(({ status }) => status === "cancelled").map(({ orderId }) => orderId));
    // A reservation without a line is of an order that was refused, and never came to be.
    const ordered = idsOf(lines);
    for (const { reservationId, orderId, status } of reservations) {
      if (status === "picked" && !shipped.has(reservationId)) yield `reservation ${reservationId}: picked, not shipped`;
      if (status === "released" && ordered.has(reservationId) && !cancelled.has(orderId)) {
        yield `reservation ${reservationId}: released, but order ${orderId} stands`;
      }
    }
  },

  function* entriesArePayments({ entries, payments, balances }) {
    const confirmed = payments.filter(({ status }) => status === "confirmed");
    const centsOf = new Map(confirmed.map(({ paymentId, amountCents }) => [paymentId, amountCents]));
    for (const { paymentId, amountCents } of entries) {
      const paidCents = centsOf.get(paymentId);
      if (paidCents !== amountCents) yield `payment ${paymentId}: ${amountCents} booked, but ${paidCents} confirmed`;
    }
    const balanceCents = sum(balances.map((account) => account.balanceCents));
    if (balanceCents !== 0) yield `the postings of the books do not make zero but ${balanceCents}`;
  },

  function* historyFollows({ orders, payments, shipments, shown }) {
    const orderOf = new Map(orders.map((order) => [order.orderId, order]));
    const decisionOf = new Map(payments.map(({ orderId, status }) => [orderId, status]));
    const sent = sentOrders(shipments);
    for (const { orderId, totalCents, payment, shippedAt } of shown) {
      const order = orderOf.get(orderId);
      const decision = decisionOf.get(orderId);
      if (order?.totalCents !== totalCents)
        yield `order ${orderId}: total ${order?.totalCents}, but Storefront shows ${totalCents}`;
      if (payment !== "awaited" && payment !== decision)
        yield `order ${orderId}: Storefront shows it ${payment}, but its payment is ${decision}`;
      if (shippedAt !== null && !sent.has(orderId)) yield `order ${orderId}: Storefront shows it shipped before it was`;
    }
  },
];

const whenSettled: readonly Rule[] = [
  function* ordersAreDone({ orders, payments, shipments }) {
    const decisionOf = new Map(payments.map(({ orderId, status }) => [orderId, status]));
    const sent = sentOrders(shipments);
    for (const { orderId, status, paid, shipped } of orders) {
      const decision = decisionOf.get(orderId);
      if (status === "placed" || status === "paid") yield `order ${orderId}: left ${status}`;
      if (decision === undefined) yield `order ${orderId}: no payment`;
      if (decision === "confirmed" && !paid) yield `order ${orderId}: has not heard of its payment`;
      if (sent.has(orderId) && !shipped) yield `order ${orderId}: has not heard of its shipment`;
    }
  },

  function* shipmentsAreComplete({ lines, shipmentLines }) {
    const known = idsOf(shipmentLines);
    for (const { orderId, reservationId, sku } of lines) {
      if (!known.has(reservationId)) yield `order ${orderId}: Fulfillment does not know of its ${sku}`;
    }
  },

  function* reservationsHaveEnded({ orders, lines, reservations }) {
    const statusOf = new Map(orders.map(({ orderId, status }) => [orderId, status]));
    const ordered = idsOf(lines);
    for (const { reservationId, orderId, status } of reservations) {
      const orderStatus = ordered.has(reservationId) ? statusOf.get(orderId) : undefined;
      const expected = orderStatus === "shipped" ? "picked" : "released";
      if (status !== expected) yield `reservation ${reservationId}: ${status}, but its order is ${orderStatus}`;
    }
  },

  function* revenueIsConfirmed({ payments, entries, balances }) {
    const confirmed = payments.filter(({ status }) => status === "confirmed");
    const confirmedCents = sum(confirmed.map(({ amountCents }) => amountCents));
    const revenueCents = 0 - (balances.find(({ account }) => account === "sales")?.balanceCents ?? 0);
    if (confirmed.length !== entries.length) yield `${confirmed.length} payments confirmed, ${entries.length} booked`;
    if (confirmedCents !== revenueCents) yield `${confirmedCents} confirmed, but a revenue of ${revenueCents}`;
  },

  function* titlesAreLearnt({ products, titles }) {
    const learnt = new Map(titles.map(({ sku, title }) => [sku, title]));
    for (const { sku, title } of products) {
      if (learnt.get(sku) !== title) yield `${sku}: ${title}, but Recommendation says ${learnt.get(sku)}`;
    }
  },

  function* pairsAreCounted({ lines, pairs }) {
    const together = new Map<string, number>();
    for (const goods of Map.groupBy(lines, ({ orderId }) => orderId).values()) {
      for (const { sku } of goods)
        for (const { sku: other } of goods)
          if (sku !== other) together.set(`${sku} and ${other}`, (together.get(`${sku} and ${other}`) ?? 0) + 1);
    }
    const counted = new Map(pairs.map(({ sku, other, orders }) => [`${sku} and ${other}`, orders]));
    for (const pair of new Set([...together.keys(), ...counted.keys()])) {
      const [orders = 0, known = 0] = [together.get(pair), counted.get(pair)];
      if (orders !== known) yield `${pair}: in ${orders} orders together, but Recommendation counts ${known}`;
    }
  },

  function* namesAreLearnt({ customers, names }) {
    const learnt = new Map(names.map(({ customerId, name }) => [customerId, name]));
    for (const { customerId, name } of customers) {
      if (learnt.get(customerId) !== name)
        yield `customer ${customerId}: ${name}, but Order says ${learnt.get(customerId)}`;
    }
  },

  function* historyIsWhole({ orders, payments, shipments, shown }) {
    const paymentOf = new Map(payments.map((payment) => [payment.orderId, payment]));
    const shipmentOf = new Map(shipments.map((shipment) => [shipment.orderId, shipment]));
    const shownOf = new Map(shown.map((order) => [order.orderId, order]));
    for (const { orderId, customerId, placedAt, totalCents, status } of orders) {
      const { status: payment = "awaited", reason = null } = paymentOf.get(orderId) ?? {};
      const { trackingNumber = null, shippedAt = null } = shipmentOf.get(orderId) ?? {};
      const known = { customerId, placedAt, totalCents, status, payment, reason, trackingNumber, shippedAt };
      const found: Partial<ShownOrder> = shownOf.get(orderId) ?? {};
      for (const [field, value] of Object.entries(known)) {
        const other = found[field as keyof typeof known];
        if (other !== value) yield `order ${orderId}: ${field} ${value}, but Storefront shows ${other}`;
      }
    }
  },

  function* namesAreShown({ customers, shownNames }) {
    const shownOf = new Map(shownNames.map(({ customerId, name }) => [customerId, name]));
    for (const { customerId, name } of customers) {
      if (shownOf.get(customerId) !== name)
        yield `customer ${customerId}: ${name}, but Storefront says ${shownOf.get(customerId)}`;
    }
  },
];

function isSame(goods: Goods, others: Goods | undefined): boolean {
  return goods.orderId === others?.orderId && goods.sku === others.sku && goods.quantity === others.quantity;
}

function idsOf(goods: readonly Goods[]): ReadonlySet<string> {
  return new Set(goods.map(({ reservationId }) => reservationId));
}

function sentOrders(shipments: Facts["shipments"]): ReadonlySet<string> {
  return new Set(shipments.filter(({ shipped }) => shipped).map(({ orderId }) => orderId));
}

function unitsBySku(goods: readonly Goods[]): ReadonlyMap<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of goods) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
