create table greeting (
  greeting_id bigint generated always as identity primary key,
  guest text not null
);
