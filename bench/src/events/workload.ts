import { randomInt } from "node:crypto";
import { identifier } from "@polder/postgres";
import type { Tables } from "./tables.ts";

/** Aggregates that the publishers change. */
export const KEYS = 1_000;

/** Publishers at work at the same time, in one process. */
export const PUBLISHERS = 8;

/** What an event carries: about 400 bytes as JSON. */
export interface Payload {
  readonly orderId: string;
  /** The aggregate's version, from 1 and without gaps: whoever consumes can tell what is missing or out of order. */
  readonly version: number;
  readonly customer: { readonly id: string; readonly name: string; readonly city: string };
  readonly lines: { readonly sku: string; readonly quantity: number; readonly priceCents: number }[];
  readonly note: string;
}

/** The payload of one change. */
export function payloadOf(orderId: string, version: number): Payload {
  return {
    orderId,
    version,
    customer: { id: "6f0d6a1e-3b0c-4c5e-9d43-0e3a2f1b7c55", name: "Johanna van der Meulen", city: "Bergen op Zoom" },
    lines: [
      { sku: "TULIP-RED-25", quantity: 4, priceCents: 1_299 },
      { sku: "DAFFODIL-YELLOW-50", quantity: 1, priceCents: 2_450 },
      { sku: "HYACINTH-BLUE-10", quantity: 12, priceCents: 799 },
    ],
    note: "Please deliver to the neighbours when nobody is at home.",
  };
}

/** The key of the next change: any of them, so that two publishers meet now and then. */
export function nextKey(): string {
  return `k${randomInt(KEYS)}`;
}

/** The statements that make the tables of one system: what it changes, and what its handler writes. */
export function tablesSql({ aggregates, sink }: Tables): readonly string[] {
  const sqlAggregates = qualified(aggregates);
  const sqlSink = qualified(sink);
  return [
    `create table ${sqlAggregates} (
  id text primary key,
  version integer not null,
  changed_at timestamptz not null default now()
) with (fillfactor = 50)`,
    `insert into ${sqlAggregates} (id, version)
select 'k' || number, 0
from generate_series(0, ${Number(KEYS - 1)}) as number`,
    `create table ${sqlSink} (
  id bigint generated always as identity,
  key text not null,
  version integer not null,
  at timestamptz not null default clock_timestamp()
)`,
  ];
}

/** A name such as `billing.sink`, quoted for SQL. */
export function qualified(name: string): string {
  return identifier(...name.split("."));
}
