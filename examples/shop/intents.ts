import { type Random, randomFrom } from "./random.ts";

/** What somebody means to do. Customers are numbered in the order in which they register, from 0. */
export type Intent =
  | { readonly kind: "describe"; readonly sku: string; readonly title: string }
  | { readonly kind: "setPrice"; readonly sku: string; readonly unitCents: number }
  | { readonly kind: "receive"; readonly sku: string; readonly quantity: number }
  | { readonly kind: "register"; readonly customer: number; readonly name: string; readonly email: string }
  | { readonly kind: "rename"; readonly customer: number; readonly name: string }
  | { readonly kind: "quote"; readonly skus: readonly string[] }
  | { readonly kind: "look"; readonly customer: number }
  | { readonly kind: "order"; readonly customer: number; readonly lines: readonly Line[] };

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

const PRODUCTS = 24;
const CUSTOMERS_AT_FIRST = 20;
/** Units of a product that come at once. */
const LOT = 400;
/** The share of customers who look at their orders when they have placed one. */
const LOOKING = 0.2;
/** Units of a product that are asked for beyond a lot before the next one comes: these orders are refused. */
const LATE = 20;

/**
 * What happens in a shop, without an end: first goods get a price and stock, and customers register;
 * then come mostly orders. The same seed gives the same intents.
 */
export function* intents(seed: number): Generator<Intent, never> {
  const random = randomFrom(seed);
  // Numbers of its own: who looks changes nothing of what is ordered.
  const looks = randomFrom(~seed);
  const asked = new Map<string, number>();
  let customers = 0;

  for (let product = 0; product < PRODUCTS; product += 1) {
    const sku = skuOf(product);
    asked.set(sku, 0);
    yield { kind: "describe", sku, title: `Article ${product + 1}` };
    yield { kind: "setPrice", sku, unitCents: priceIn(random) };
    yield { kind: "receive", sku, quantity: LOT };
  }
  while (customers < CUSTOMERS_AT_FIRST) yield registration(seed, customers++, random);

  while (true) {
    const dice = random.next();
    if (dice < 0.02) yield registration(seed, customers++, random);
    else if (dice < 0.03) yield { kind: "rename", customer: random.between(0, customers - 1), name: nameIn(random) };
    else if (dice < 0.04) yield { kind: "setPrice", sku: skuIn(random), unitCents: priceIn(random) };
    else if (dice < 0.1) yield { kind: "quote", skus: linesIn(random).map(({ sku }) => sku) };
    else {
      const lines = linesIn(random);
      const customer = random.between(0, customers - 1);
      yield { kind: "order", customer, lines };
      if (looks.next() < LOOKING) yield { kind: "look", customer };
      for (const { sku, quantity } of lines) {
        asked.set(sku, (asked.get(sku) ?? 0) + quantity);
        if ((asked.get(sku) ?? 0) < LOT + LATE) continue;
        asked.set(sku, 0);
        yield { kind: "receive", sku, quantity: LOT };
      }
    }
  }
}

function registration(seed: number, customer: number, random: Random): Intent {
  return { kind: "register", customer, name: nameIn(random), email: `customer-${customer}@seed-${seed}.example` };
}

/** One to three products, each once. */
function linesIn(random: Random): readonly Line[] {
  const lines = new Map<string, number>();
  for (let left = random.between(1, 3); left > 0; left -= 1) lines.set(skuIn(random), random.between(1, 4));
  return [...lines].map(([sku, quantity]) => ({ sku, quantity }));
}

/** Low numbers are asked for more often: some goods are in fashion. */
function skuIn(random: Random): string {
  return skuOf(Math.floor(PRODUCTS * random.next() ** 2));
}

function skuOf(product: number): string {
  return `SKU-${String(product + 1).padStart(3, "0")}`;
}

function priceIn(random: Random): number {
  return random.between(99, 19_999);
}

const firstNames = ["Ada", "Bram", "Carla", "Daan", "Edda", "Femke", "Gijs", "Hanna", "Ilse", "Joost", "Kees", "Lotte"];
const lastNames = [
  "de Boer",
  "van Dijk",
  "Hoekstra",
  "Jansen",
  "Kuipers",
  "Meijer",
  "Postma",
  "Smit",
  "Visser",
  "de Wit",
];

function nameIn(random: Random): string {
  return `${firstNames[random.between(0, firstNames.length - 1)]} ${lastNames[random.between(0, lastNames.length - 1)]}`;
}
