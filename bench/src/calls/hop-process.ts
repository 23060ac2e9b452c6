import { createClient } from "@polder/http";
import type { ServerAddress } from "../events/contender.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { Bills, billingImplementation, orderingImplementation } from "./orders.ts";
import { cpuMs } from "./own-cost.ts";
import { everything, startBenchHost } from "./polder-host.ts";

/** What a process of one or both domains is started with. */
export interface Hopping {
  readonly server: ServerAddress;
  readonly domains: readonly ("ordering" | "billing")[];
  /** Base URLs of domains that run in another process. */
  readonly urls: Readonly<Record<string, string>>;
}

/** What it can be asked. */
export type HopMethods = typeof methods;

const { server, domains, urls } = openedWith<Hopping>();
const all = { ordering: orderingImplementation({ validates: true }), billing: billingImplementation };
const running = await startBenchHost(
  server,
  domains.map((name) => all[name]),
  { parts: everything, urls },
);
const bills = createClient(Bills, "1.0.0", { transport: running.host.transport, caller: "desk" });
const methods = { url: (): string => running.host.url, cpuMs, hop };
answerParent(methods, async () => await running[Symbol.asyncDispose]());

/** Lets a handler of one domain call the other one, and gives how many seconds its calls took. */
async function hop(given: { readonly calls: number; readonly atOnce: number }): Promise<number> {
  const outcome = await bills.look(given, { deadlineMs: 30_000 });
  if (!outcome.ok) throw new Error("The calls were refused");
  return outcome.value.seconds;
}
