create table shipment (
  shipment_id uuid primary key,
  order_id uuid not null unique,
  ordered_at timestamptz,
  paid_at timestamptz,
  shipped_at timestamptz,
  tracking_number text unique,
  constraint nothing_leaves_unpaid check (shipped_at is null or (ordered_at is not null and paid_at is not null)),
  constraint shipped_is_tracked check ((shipped_at is null) = (tracking_number is null))
);

create table shipment_line (
  order_id uuid not null references shipment (order_id),
  reservation_id uuid not null,
  sku text not null,
  quantity int not null check (quantity > 0),
  primary key (order_id, reservation_id)
);
