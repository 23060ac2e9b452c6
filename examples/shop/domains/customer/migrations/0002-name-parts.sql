alter table customer
  add column first_name text not null default '',
  add column last_name text not null default '',
  add column phone text;

-- The first word is the first name, as in the converters of the contract.
update customer
set
  first_name = split_part(btrim(regexp_replace(name, '\s+', ' ', 'g')), ' ', 1),
  last_name = substr(btrim(regexp_replace(name, '\s+', ' ', 'g')), strpos(btrim(regexp_replace(name, '\s+', ' ', 'g')) || ' ', ' ') + 1);

-- A name of blanks alone was allowed.
update customer
set first_name = '?'
where first_name = '';

alter table customer
  alter column first_name drop default,
  alter column last_name drop default,
  drop column name,
  add constraint somebody_has_a_name check (first_name <> '');
