create table customer (
  customer_id uuid primary key default gen_random_uuid(),
  name text not null check (name <> ''),
  email text not null,
  registered_at timestamptz not null default now()
);

-- Addresses that differ in capitals only are one address.
create unique index customer_email on customer (lower(email));
