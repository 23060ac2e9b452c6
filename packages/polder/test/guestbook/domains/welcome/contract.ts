import { api, query } from "polder";
import { z } from "zod";

export const Welcome = api("welcome", {
  versions: {
    "1.0.0": {
      greeted: query("GET /greeted", { output: z.object({ guests: z.array(z.string()) }), access: "anyone" }),
    },
  },
});
