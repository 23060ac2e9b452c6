import { aPartBack } from "./a-part-back.ts";
import { aPartDown } from "./a-part-down.ts";
import { aRush } from "./a-rush.ts";
import { anOrdersLife } from "./an-orders-life.ts";
import { paymentEventV2 } from "./payment-event-v2/payment-event-v2.ts";
import type { Story } from "./story.ts";

/** All stories, by the name that tells them. */
export const stories: Readonly<Record<string, Story>> = {
  "an-orders-life": anOrdersLife,
  "a-part-down": aPartDown,
  "a-part-back": aPartBack,
  "a-rush": aRush,
  "payment-event-v2": paymentEventV2,
};
