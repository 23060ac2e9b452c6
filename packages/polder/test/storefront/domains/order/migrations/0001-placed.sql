create table placed (
  order_id text primary key,
  customer_id text not null,
  sku text not null
);
