create table product (
  sku text primary key,
  title text not null
);
