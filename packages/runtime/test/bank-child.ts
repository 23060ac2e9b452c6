import type { DatabaseAddress } from "@polder/postgres";
import { startHost } from "../src/index.ts";
import { bankWith } from "./bank.ts";

/** Where this process goes, and where it listens. */
export interface BankChildPlace {
  readonly address: DatabaseAddress;
  /** 0 takes any free port. */
  readonly port: number;
}

// Bank in a process of its own, so that a test can kill it. It tells where it listens, and ends with its parent.
const { address, port } = JSON.parse(process.argv[2] ?? "") as BankChildPlace;
const host = await startHost({ implementations: [bankWith()], address: () => address, http: { port } });
process.send?.({ url: host.url });
process.on("disconnect", () => process.exit());
