create table payment (
  payment_id bigint generated always as identity primary key,
  order_id text not null,
  amount integer not null
);
