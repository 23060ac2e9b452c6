create table stock (
  sku text primary key,
  on_hand int not null check (on_hand >= 0),
  reserved int not null default 0 check (reserved >= 0),
  constraint never_oversold check (reserved <= on_hand)
);

create table delivery (
  delivery_id uuid primary key,
  sku text not null references stock,
  quantity int not null check (quantity > 0),
  received_at timestamptz not null default now()
);

create table reservation (
  reservation_id uuid primary key,
  order_id uuid not null,
  sku text not null references stock,
  quantity int not null check (quantity > 0),
  -- open: it holds stock. Then once and for all: released for others, or picked from the shelf.
  status text not null default 'open' check (status in ('open', 'released', 'picked')),
  reserved_at timestamptz not null default now(),
  ended_at timestamptz,
  check ((status = 'open') = (ended_at is null))
);
