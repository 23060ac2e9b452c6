create table price (
  sku text primary key,
  unit_cents int not null check (unit_cents > 0)
);

-- A copy of what Customer decides, kept by its events.
create table customer_name (
  customer_id uuid primary key,
  name text not null
);

create table orders (
  order_id uuid primary key,
  customer_id uuid not null,
  total_cents int not null check (total_cents > 0),
  currency text not null,
  placed_at timestamptz not null default now(),
  paid_at timestamptz,
  shipped_at timestamptz,
  cancelled_at timestamptz,
  cancel_reason text,
  -- What has happened is kept; how the order stands follows from it, in whatever order the news comes.
  status text not null generated always as (
    case
      when cancelled_at is not null then 'cancelled'
      when shipped_at is not null then 'shipped'
      when paid_at is not null then 'paid'
      else 'placed'
    end
  ) stored,
  constraint cancelled_for_a_reason check ((cancelled_at is null) = (cancel_reason is null)),
  constraint cancelled_is_final check (cancelled_at is null or (paid_at is null and shipped_at is null))
);

create index orders_of_customer on orders (customer_id, placed_at desc);

create table order_line (
  order_id uuid not null references orders,
  line_number int not null,
  sku text not null,
  quantity int not null check (quantity > 0),
  unit_cents int not null check (unit_cents > 0),
  reservation_id uuid not null unique,
  primary key (order_id, line_number)
);
