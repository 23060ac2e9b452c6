// #region query
import { handler } from "polder";
import { Guestbook } from "./contract.ts";
import { guestbook } from "./domain.ts";

export const entries = handler(guestbook, Guestbook.entries, async ({ tx }) => {
  const found = await tx.sql<{ guest: string; words: string }>`select guest, words from entry order by signed_at`;
  return { entries: [...found] };
});
// #endregion query
