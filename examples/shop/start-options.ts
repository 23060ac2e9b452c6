import { parseArgs } from "node:util";

/** How `npm start` runs the shop. */
export interface StartOptions {
  /** Orders a second. */
  readonly rate: number;
  /** What the customers do follows from it; the same seed means the same commands under the same keys. */
  readonly seed: number;
  /** How many orders, until it ends by itself. */
  readonly orders: number;
  /** Of the gateway, where customers come in. */
  readonly port: number;
  /** Where the shop runs already; without it, it is opened here. */
  readonly at?: string;
}

/** What the command line asks for, or what is wrong with it. */
export type StartRequest =
  | { readonly kind: "start"; readonly options: StartOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** What `npm start -- --help` says. */
export const usage = `Usage: npm start -- [options]

  --rate <number>    orders a second, above 0, at most 1000 (default: 5)
  --orders <number>  end after so many orders, and let the auditor look (default: go on until Ctrl-C)
  --seed <number>    a whole number; the same seed gives the same customers and orders (default: a fresh one)
  --port <number>    port of the gateway; 0 takes any that is free (default: 4000)
  --at <url>         open no shop, only let customers into the one that runs there
`;

const RATE_MAX = 1_000;
const PORT_MAX = 65_535;
/** Seeds are 32 bits. */
const SEED_MAX = 2 ** 32 - 1;

/** Reads the command line; `freshSeed` is taken where it names none. */
export function readStartOptions(args: readonly string[], freshSeed: number): StartRequest {
  const text = { type: "string" } as const;
  const help = { type: "boolean", short: "h" } as const;
  let values: Partial<Record<keyof StartOptions, string>> & { readonly help?: boolean };
  try {
    values = parseArgs({
      args: [...args],
      options: { rate: text, orders: text, seed: text, port: text, at: text, help },
    }).values;
  } catch (error) {
    return { kind: "wrong", problems: [error instanceof Error ? error.message : String(error)] };
  }
  if (values.help === true) return { kind: "help" };

  const problems: string[] = [];
  const number = (name: "rate" | "orders" | "seed" | "port", otherwise: number, { isIn, words }: Range) => {
    const given = values[name];
    if (given === undefined) return otherwise;
    const value = given.trim() === "" ? Number.NaN : Number(given);
    if (!isIn(value)) problems.push(`--${name} is "${given}"; it must be ${words}`);
    return value;
  };
  const read = {
    rate: number("rate", 5, {
      isIn: (value) => value > 0 && value <= RATE_MAX,
      words: `a number above 0, at most ${RATE_MAX}`,
    }),
    orders: number("orders", Number.POSITIVE_INFINITY, wholeFrom(1, Number.MAX_SAFE_INTEGER)),
    seed: number("seed", freshSeed, wholeFrom(0, SEED_MAX)),
    port: number("port", 4_000, wholeFrom(0, PORT_MAX)),
  };
  const { at } = values;
  if (at !== undefined && !/^https?:/.test(URL.parse(at)?.protocol ?? ""))
    problems.push(`--at is "${at}"; it must be a URL such as http://127.0.0.1:4000`);
  return problems.length > 0
    ? { kind: "wrong", problems }
    : { kind: "start", options: at === undefined ? read : { ...read, at } };
}

interface Range {
  readonly isIn: (value: number) => boolean;
  readonly words: string;
}

function wholeFrom(least: number, most: number): Range {
  return {
    isIn: (value) => Number.isSafeInteger(value) && value >= least && value <= most,
    words: `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`,
  };
}
