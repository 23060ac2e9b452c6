// #region subscription
import { subscription } from "polder";
import { welcome } from "./domain.ts";

/** What it writes and how far it has come commit together: every guest is greeted once. */
export const greetGuests = subscription(welcome, "greet-guests", {
  "guestbook.Signed": async ({ event, tx }) => {
    await tx.sql`insert into greeting (guest) values (${event.data.guest})`;
  },
});
// #endregion subscription
