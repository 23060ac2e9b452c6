create table payment (
  payment_id uuid primary key,
  -- One decision for each order.
  order_id uuid not null unique,
  customer_id uuid not null,
  amount_cents int not null check (amount_cents > 0),
  currency text not null,
  status text not null check (status in ('confirmed', 'declined')),
  reason text,
  decided_at timestamptz not null default now(),
  constraint declined_for_a_reason check ((status = 'declined') = (reason is not null))
);
