import {
  api,
  type CommandContext,
  command,
  domain,
  event,
  type HandlerAnswer,
  type HandlerContext,
  handler,
  type Implementation,
  implement,
  need,
  type QueryContext,
  query,
  type Saga,
  type Subscription,
  team,
} from "@polder/model";
import { z } from "zod";

// Two domains for tests: Bank keeps accounts and says what was booked, Report adds up what Bank says.
// What their handlers do is up to each test.

const account = z.string();
const amount = z.int();

export const Bank = api("bank", {
  versions: {
    "1.0.0": {
      balance: query("GET /accounts/:account", {
        input: z.object({ account }),
        output: z.object({ balance: amount }),
        refusals: { Unknown: z.object({ account }) },
        access: "anyone",
      }),
      book: command("POST /bookings", {
        input: z.object({ account, amount, note: z.string().default("") }),
        output: z.object({ balance: amount }),
        refusals: { Overdrawn: z.object({ balance: amount }) },
        access: "signed-in",
      }),
    },
  },
});

export const Booked = event("bank.Booked", {
  key: "account",
  versions: { "1.0.0": z.object({ account, amount, note: z.string().optional() }) },
});

export const Report = api("report", {
  versions: {
    "1.0.0": {
      total: query("GET /total", { output: z.object({ total: amount }) }),
      ask: command("POST /questions", {
        input: z.object({ account }),
        output: z.object({ text: z.string() }),
      }),
    },
  },
});

export const Counted = event("report.Counted", { key: "account", versions: { "1.0.0": z.object({ account }) } });

/** Nobody needs it, and nobody publishes it here. */
export const Weather = api("weather", { versions: { "1.0.0": { now: query("GET /now") } } });

const clerks = team("Clerks", { contact: "#clerks" });

export const bank = domain("bank", { owner: clerks, capability: "Keep accounts", publishes: [Bank, Booked] });
export const report = domain("report", {
  owner: clerks,
  capability: "Add up",
  publishes: [Report, Counted],
  needs: [need(Bank, "1.0.0"), need(Booked, "1.0.0")],
});

type Operations = (typeof Bank)["versions"]["1.0.0"];
type ReportOperations = (typeof Report)["versions"]["1.0.0"];

/** What the handlers of Bank do, where it is not what they usually do. */
export interface BankBehaviour {
  readonly balance?: (
    context: QueryContext<typeof bank, Operations["balance"]>,
  ) => Promise<HandlerAnswer<Operations["balance"]>>;
  readonly book?: (
    context: CommandContext<typeof bank, Operations["book"]>,
  ) => Promise<HandlerAnswer<Operations["book"]>>;
}

/** Bank, as an ordinary domain would be written. */
export function bankWith({ balance = readBalance, book = bookAmount }: BankBehaviour = {}): Implementation {
  return implement(bank, {
    apis: { bank: { balance: handler(bank, Bank.balance, balance), book: handler(bank, Bank.book, book) } },
  });
}

export async function readBalance({
  input,
  tx,
  refuse,
}: HandlerContext<typeof bank, Operations["balance"]>): Promise<HandlerAnswer<Operations["balance"]>> {
  const [found] = await tx.sql<{ balance: number }>`select balance from account where account = ${input.account}`;
  return found ?? refuse("Unknown", input);
}

export async function bookAmount({
  input,
  tx,
  refuse,
}: HandlerContext<typeof bank, Operations["book"]>): Promise<HandlerAnswer<Operations["book"]>> {
  const { account: to, amount: booked, note } = input;
  await tx.sql`insert into booking (account, amount, note) values (${to}, ${booked}, ${note})`;
  const [after] = await tx.sql<{ balance: number }>`
    insert into account (account, balance)
    values (${to}, ${booked})
    on conflict (account) do update
    set balance = account.balance + excluded.balance
    returning balance
  `;
  tx.publish(Booked, { account: to, amount: booked });
  const balance = after?.balance ?? 0;
  return balance < 0 ? refuse("Overdrawn", { balance: balance - booked }) : { balance };
}

/** What the handlers of Report do, and what it subscribes to. */
export interface ReportBehaviour {
  readonly ask?: (
    context: CommandContext<typeof report, ReportOperations["ask"]>,
  ) => Promise<HandlerAnswer<ReportOperations["ask"]>>;
  readonly subscriptions?: readonly Subscription[];
  readonly sagas?: readonly Saga[];
}

/** Report; asked for anything, it asks Bank. */
export function reportWith({ ask = askBank, subscriptions = [], sagas = [] }: ReportBehaviour = {}): Implementation {
  return implement(report, {
    apis: {
      report: {
        total: handler(report, Report.total, async ({ tx }) => {
          const [sum] = await tx.sql<{ total: number }>`select coalesce(sum(amount), 0)::int as total from counted`;
          return { total: sum?.total ?? 0 };
        }),
        ask: handler(report, Report.ask, ask),
      },
    },
    subscriptions,
    sagas,
  });
}

async function askBank({
  input,
  call,
}: CommandContext<typeof report, ReportOperations["ask"]>): Promise<HandlerAnswer<ReportOperations["ask"]>> {
  const answer = await call(Bank).balance(input);
  return { text: answer.ok ? String(answer.value.balance) : answer.refusal };
}

/** The tables of both domains. */
export const migrations: Readonly<Record<string, string>> = {
  bank: `
    create table account (account text primary key, balance integer not null);
    create table booking (
      booking_id bigint generated always as identity primary key,
      account text not null,
      amount integer not null,
      note text not null default ''
    );`,
  report: `create table counted (event_id uuid primary key, account text not null, amount integer not null);`,
};
