// #region handler
import { randomUUID } from "node:crypto";
import { handler } from "polder";
import { Guestbook, Signed } from "./contract.ts";
import { guestbook } from "./domain.ts";

export const sign = handler(guestbook, Guestbook.sign, async ({ input, tx, refuse }) => {
  const { guest, words } = input;
  const entryId = randomUUID();
  const { count } = await tx.sql`
    insert into entry (entry_id, guest, words)
    values (${entryId}, ${guest}, ${words})
    on conflict (guest) do nothing
  `;
  if (count === 0) return refuse("SignedAlready", { guest });
  tx.publish(Signed, { guest, entryId });
  return { entryId };
});
// #endregion handler
