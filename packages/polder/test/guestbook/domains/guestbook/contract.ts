// #region contract
import { api, command, event, query } from "polder";
import { z } from "zod";

export const Signed = event("guestbook.Signed", {
  key: "guest",
  versions: { "1.0.0": z.object({ guest: z.string(), entryId: z.uuid() }) },
});

export const Guestbook = api("guestbook", {
  versions: {
    "1.0.0": {
      sign: command("POST /entries", {
        input: z.object({ guest: z.string().min(1).max(80), words: z.string().max(500) }),
        output: z.object({ entryId: z.uuid() }),
        refusals: { SignedAlready: z.object({ guest: z.string() }) },
        access: "anyone",
      }),
      entries: query("GET /entries", {
        output: z.object({ entries: z.array(z.object({ guest: z.string(), words: z.string() })) }),
        access: "anyone",
      }),
    },
  },
});
// #endregion contract
