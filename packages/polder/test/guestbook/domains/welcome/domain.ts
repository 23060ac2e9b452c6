// #region needs
import { aggregate, domain, need } from "polder";
import { hosts } from "../../teams.ts";
import { Signed } from "../guestbook/contract.ts";
import { Welcome } from "./contract.ts";

export const welcome = domain("welcome", {
  owner: hosts,
  capability: "Greet those who come",
  aggregates: [aggregate("Greeting", { root: "greeting" })],
  publishes: [Welcome],
  needs: [need(Signed, "1.0.0")],
});
// #endregion needs
