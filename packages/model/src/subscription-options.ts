import type { Problem } from "./problems.ts";
import type { SubscriptionOptions } from "./subscription.ts";

/** What is wrong with how a subscription retries and how much it takes at once, if anything. */
export function optionProblems(options: SubscriptionOptions, place: string): Problem[] {
  return (["attemptsMax", "backoffMs", "backoffMaxMs", "batchSizeMax", "timeoutMs"] as const)
    .filter((name) => options?.[name] !== undefined && !(Number.isInteger(options[name]) && options[name] > 0))
    .map((name) => ({ place: `${place}.options.${name}`, problem: "must be a whole number above 0" }));
}
