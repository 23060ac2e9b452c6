import { createClient } from "@polder/http";
import type { DatabaseAddress } from "@polder/postgres";
import { startHost } from "../src/index.ts";
import { Bank, bankWith, reportWith } from "./bank.ts";

/** The databases of the domains that the process hosts, as their own roles. */
export type StoppedChildPlaces = Readonly<Record<"bank" | "report", DatabaseAddress>>;

// Hosts domains, answers a call over HTTP and stops. Node then ends the process by itself, unless something was left
// behind that keeps it.
const places = JSON.parse(process.argv[2] ?? "") as StoppedChildPlaces;
const host = await startHost({
  implementations: [bankWith(), reportWith()],
  address: (domain) => places[domain as keyof StoppedChildPlaces],
});
const answer = await createClient(Bank, "1.0.0", { transport: host.transport }).book({ account: "a", amount: 1 });
const { status } = await fetch(`${host.url}/readyz`);
await host.stop();
process.stdout.write(JSON.stringify({ answered: answer.ok, status }));
