export type Decision = { readonly status: "confirmed" } | { readonly status: "declined"; readonly reason: string };

/** Stands for the bank: it declines every amount that ends in 13 cents, and confirms all others. */
export function askBank(amountCents: number): Decision {
  return amountCents % 100 === 13
    ? { status: "declined", reason: "the bank declined the card" }
    : { status: "confirmed" };
}
