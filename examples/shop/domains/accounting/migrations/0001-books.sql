create table account (
  account text primary key
);

insert into account (account)
values ('bank'), ('sales');

-- An entry debits one account and credits another with the same amount: books that do not balance
-- cannot be written.
create table entry (
  entry_id uuid primary key,
  -- A payment is booked once.
  payment_id uuid not null unique,
  debit text not null references account,
  credit text not null references account,
  amount_cents int not null check (amount_cents > 0),
  -- The books are kept in one currency: another one is refused, not added up.
  currency text not null check (currency = 'EUR'),
  booked_at timestamptz not null default now(),
  check (debit <> credit)
);

-- The two postings of each entry.
create view posting as
select entry_id, debit as account, amount_cents
from entry
union all
select entry_id, credit as account, -amount_cents
from entry;
