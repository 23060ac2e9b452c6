-- How many orders have both goods; once in each direction.
create table pair (
  sku text not null,
  other text not null,
  orders int not null check (orders > 0),
  primary key (sku, other),
  constraint two_goods check (sku <> other)
);

-- A copy of what Catalog decides, kept by its events.
create table title (
  sku text primary key,
  title text not null
);
