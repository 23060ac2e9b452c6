import { implement } from "polder";
import { checkout } from "./checkout.ts";
import { customerNames } from "./customer-names.ts";
import { order } from "./domain.ts";
import { followShipment } from "./follow-shipment.ts";
import { orderById } from "./order-by-id.ts";
import { ordersOfCustomer } from "./orders-of-customer.ts";
import { place } from "./place-order.ts";
import { quote } from "./quote-goods.ts";
import { setPrice } from "./set-price.ts";

export default implement(order, {
  apis: { order: { quote, place, orderById, ordersOfCustomer, setPrice } },
  subscriptions: [followShipment],
  sagas: [checkout],
  replicas: [customerNames],
});
