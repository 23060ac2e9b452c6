-- A copy of what Customer decides, kept by its events.
create table addressee (
  customer_id uuid primary key,
  first_name text not null,
  last_name text not null
);
