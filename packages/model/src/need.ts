import type { AnyApi } from "./api.ts";
import type { Event } from "./event.ts";

/** What a domain can publish. */
export type Contract = AnyApi | Event;

/** A contract of another domain that a domain uses, at a version. */
export interface Need<Used extends Contract = Contract, V extends string = string> {
  readonly contract: Used;
  readonly version: V;
}

/** Declares the use of a contract: `need(Inventory, "1.0.0")`. */
export function need<Used extends Contract, V extends keyof Used["versions"] & string>(
  contract: Used,
  version: V,
): Need<Used, V> {
  return { contract, version };
}
