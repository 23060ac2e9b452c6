import { implement } from "polder";
import { checkout } from "./checkout.ts";
import { order } from "./domain.ts";
import { followShipment } from "./follow-shipment.ts";
import { learnCustomerNames } from "./learn-customer-names.ts";
import { orderById } from "./order-by-id.ts";
import { ordersOfCustomer } from "./orders-of-customer.ts";
import { place } from "./place-order.ts";
import { quote } from "./quote-goods.ts";
import { setPrice } from "./set-price.ts";

export default implement(order, {
  apis: { order: { quote, place, orderById, ordersOfCustomer, setPrice } },
  subscriptions: [learnCustomerNames, followShipment],
  sagas: [checkout],
});
