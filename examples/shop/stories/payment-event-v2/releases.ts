import type { Change } from "../release-folder.ts";

// What the teams commit, release by release.

/** Payment, expand: the event gets another shape, and what leads from one to the other. */
export const newShape: readonly Change[] = [
  [
    `  versions: { "1.0.0": z.object({ paymentId, orderId, customerId, amountCents: z.int(), currency }) },
`,
    `  versions: {
    "1.0.0": z.object({ paymentId, orderId, customerId, amountCents: z.int(), currency }),
    "2.0.0": z.object({ paymentId, orderId, customerId, amount: z.object({ cents: z.int(), currency }) }),
  },
  converters: {
    "2.0.0": {
      up: ({ amountCents, currency, ...rest }) => ({ ...rest, amount: { cents: amountCents, currency } }),
      down: ({ amount, ...rest }) => ({ ...rest, amountCents: amount.cents, currency: amount.currency }),
    },
  },
  deprecated: { "1": { since: "2026-01-01", notice: "Take the amount with its currency: use version 2." } },
`,
  ],
];

/** Payment, expand: its handler writes the new shape. */
export const writesNewShape: Change = [
  "paymentId, orderId, customerId, amountCents, currency });",
  "paymentId, orderId, customerId, amount: { cents: amountCents, currency } });",
];

/** A consumer, migrate: it needs the new version. */
export const needsNewShape: Change = ['need(PaymentConfirmed, "1.0.0")', 'need(PaymentConfirmed, "2.0.0")'];

/** Accounting, migrate: it reads the new shape. */
export const readsNewShape: Change = [
  "const { paymentId, amountCents, currency } = event.data;",
  "const { paymentId, amount: { cents: amountCents, currency } } = event.data;",
];

/** Payment, contract: the old shape goes, and what led to it. */
export const withoutOldShape: readonly Change[] = [
  [
    `    "1.0.0": z.object({ paymentId, orderId, customerId, amountCents: z.int(), currency }),
`,
    "",
  ],
  [
    `  converters: {
    "2.0.0": {
      up: ({ amountCents, currency, ...rest }) => ({ ...rest, amount: { cents: amountCents, currency } }),
      down: ({ amount, ...rest }) => ({ ...rest, amountCents: amount.cents, currency: amount.currency }),
    },
  },
`,
    "",
  ],
];
