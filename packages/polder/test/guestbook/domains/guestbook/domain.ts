// #region domain
import { aggregate, domain } from "polder";
import { hosts } from "../../teams.ts";
import { Guestbook, Signed } from "./contract.ts";

export const guestbook = domain("guestbook", {
  owner: hosts,
  capability: "Remember who was here",
  aggregates: [aggregate("Entry", { root: "entry" })],
  publishes: [Guestbook, Signed],
});
// #endregion domain
