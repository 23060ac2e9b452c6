import { implement } from "polder";
import { fulfillment } from "./domain.ts";
import { learnAddressees } from "./learn-addressees.ts";
import { shipOrders } from "./ship-orders.ts";
import { shipmentOfOrder } from "./shipment-of-order.ts";
import { shipmentsOfOrders } from "./shipments-of-orders.ts";

export default implement(fulfillment, {
  apis: { fulfillment: { shipmentOfOrder, shipmentsOfOrders } },
  subscriptions: [shipOrders, learnAddressees],
});
