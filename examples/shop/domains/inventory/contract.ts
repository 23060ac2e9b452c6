import { api, command, event, query } from "polder";
import { z } from "zod";

const sku = z.string().min(1).max(64);
const orderId = z.uuid();
const reservationId = z.uuid();
const quantity = z.int().min(1).max(100);
const UnknownSku = z.object({ sku: z.string() });

export const Inventory = api("inventory", {
  versions: {
    "1.0.0": {
      checkAvailability: query("GET /availability/:sku", {
        input: z.object({ sku }),
        output: z.object({ sku: z.string(), available: z.int() }),
        refusals: { UnknownSku },
        access: "anyone",
      }),
      reserve: command("POST /reservations", {
        input: z.object({ orderId, sku, quantity }),
        output: z.object({ reservationId }),
        refusals: { OutOfStock: z.object({ available: z.int() }), UnknownSku },
      }),
      /** Done when the reservation does not hold stock any more, whether it did before or not. */
      release: command("DELETE /reservations/:reservationId", {
        input: z.object({ reservationId }),
        refusals: { AlreadyPicked: z.object({ reservationId }) },
      }),
      receive: command("POST /deliveries", {
        input: z.object({ sku, quantity: z.int().min(1).max(100_000) }),
        output: z.object({ deliveryId: z.uuid() }),
        access: "stock.write",
      }),
    },
  },
});

// The key is the sku: whoever follows a stock level gets its changes in the order in which they happened.
const Reservation = z.object({ reservationId, orderId, sku: z.string(), quantity: z.int() });

export const StockReserved = event("inventory.StockReserved", { key: "sku", versions: { "1.0.0": Reservation } });

export const StockReleased = event("inventory.StockReleased", { key: "sku", versions: { "1.0.0": Reservation } });

export const StockPicked = event("inventory.StockPicked", { key: "sku", versions: { "1.0.0": Reservation } });

export const StockReceived = event("inventory.StockReceived", {
  key: "sku",
  versions: { "1.0.0": z.object({ deliveryId: z.uuid(), sku: z.string(), quantity: z.int() }) },
});
