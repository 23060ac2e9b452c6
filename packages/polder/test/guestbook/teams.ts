// #region team
import { type Team, team } from "polder";

export const hosts: Team = team("Hosts", { contact: "#hosts" });
// #endregion team
