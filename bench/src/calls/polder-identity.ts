import { silentLogger } from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { type Identity, openIdentity, openKeyRing, publicKeysPlace } from "@polder/runtime";
import { declarations } from "./orders.ts";

/** The identity of one process of the benchmark; all that are given the same folder share their keys. */
export function openBenchIdentity(directory: string): Identity {
  const place = publicKeysPlace({ given: undefined, directory, polderDirectory: directory });
  const secrets = openSecrets({ directory, env: process.env });
  openKeyRing({ place, secrets }).ensure(declarations.map(({ name }) => name));
  return openIdentity({ declarations: () => declarations, place, secrets, logger: silentLogger });
}
