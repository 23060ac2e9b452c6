-- The names are a replica now (customer-names.ts), with the same name and the same columns. This table had learnt only
-- what the log of Customer still had when it began, and nobody saw how far behind it was. The replica is filled from
-- Customer's API, and says so when it is too far behind; Polder makes its table right after this migration.
--
-- A process of the release before reads the replica in its place: it shows no names for the moment until that is filled,
-- and may not write there. What it cannot handle of Customer's events waits with its subscription, which nobody has any
-- more once that process is gone: "polder doctor" then says how to delete it (subscription-forgotten).
drop table customer_name;
