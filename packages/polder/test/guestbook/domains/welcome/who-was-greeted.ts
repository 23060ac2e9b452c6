import { handler } from "polder";
import { Welcome } from "./contract.ts";
import { welcome } from "./domain.ts";

export const greeted = handler(welcome, Welcome.greeted, async ({ tx }) => {
  const found = await tx.sql<{ guest: string }>`select guest from greeting order by greeting_id`;
  return { guests: found.map(({ guest }) => guest) };
});
