import { type Team, team } from "polder";

export const sales: Team = team("Sales", { contact: "#sales" });
export const web: Team = team("Web", { contact: "#web" });
