-- #region migration
create table entry (
  entry_id uuid primary key,
  guest text not null unique,
  words text not null,
  signed_at timestamptz not null default now()
);
-- #endregion migration
